import Configuration
import Mail
import Testing

@testable import martlet

@Suite("Both sides' folders beside each other")
struct FolderSurveyTests {
  @Test("show each folder once, with its name on the other side")
  func survey() throws {
    let survey = FolderSurvey(rules: FolderRules()) { "\($0)" == "Bad" ? "it has no place here" : nil }
    let rows = survey.survey(
      near: try names("INBOX", "Drafts"), far: try names("INBOX", "Lists/swift", "Bad"),
      parents: try names("Lists"))
    #expect(
      FolderColumns.lines(rows) == [
        "REMOTE       LOCAL        STATE",
        "INBOX        INBOX        synced",
        "Bad          -            left out: it has no place here",
        "Lists        -            left out: it holds no messages (\\Noselect)",
        "Lists/swift  Lists/swift  synced, not yet on the local side",
        "Drafts       Drafts       synced, not yet on the remote side",
      ])
  }

  @Test("show a folder once that could not be looked into")
  func unreadable() throws {
    let survey = FolderSurvey(rules: FolderRules()) { _ in nil }
    let rows = survey.survey(near: try names("INBOX"), far: try names("INBOX", "X"))
    let (x, y) = (try #require(FolderName("X")), try #require(FolderName("Y")))
    #expect(
      FolderColumns.lines(rows, leftOut: ["z": "a link"], unusable: [x: "it cannot be read", y: "nor this"]) == [
        "REMOTE  LOCAL  STATE",
        "INBOX   INBOX  synced",
        "X       X      not synced: it cannot be read",
        "-       Y      left out: nor this",
        "-       z      left out: a link",
      ])
  }

  private func names(_ names: String...) throws -> Set<FolderName> {
    Set(try names.map { try #require(FolderName($0)) })
  }
}
