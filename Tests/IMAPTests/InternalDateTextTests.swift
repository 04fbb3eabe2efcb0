@testable import IMAP
import Mail
import Testing

@Suite("INTERNALDATE")
struct InternalDateTextTests {
  @Test(
    "a date is read to the second, in any zone",
    arguments: [
      ("17-Jul-1996 02:44:25 -0700", 837_596_665), (" 1-Jan-1970 00:00:00 +0000", 0),
      ("1-Jan-1970 00:00:00 +0000", 0), ("01-jan-1970 01:30:00 +0130", 0), ("31-Dec-1969 23:59:59 +0000", -1),
      ("29-Feb-2000 12:00:00 +0000", 951_825_600), ("29-Feb-2024 00:00:00 +0000", 1_709_164_800),
      ("01-Mar-2100 00:00:00 +0000", 4_107_542_400), ("19-Jan-2038 03:14:08 +0000", 2_147_483_648),
      ("30-Jun-2012 23:59:60 +0000", 1_341_100_800), (" 1-Jan-0001 00:00:00 +0000", -62_135_596_800),
      ("31-Dec-9999 23:59:59 +0000", 253_402_300_799),
    ])
  func read(_ text: String, _ seconds: Int64) {
    #expect(InternalDateText.parse(Array(text.utf8)[...])?.secondsSince1970 == seconds)
  }

  @Test(
    "what is no date is none",
    arguments: [
      "", "17-Jul-1996", "17-Jul-1996 02:44:25", "32-Jan-2000 00:00:00 +0000", "0-Jan-2000 00:00:00 +0000",
      "29-Feb-1900 00:00:00 +0000", "30-Feb-2000 00:00:00 +0000", "31-Apr-2000 00:00:00 +0000",
      "01-Foo-2000 00:00:00 +0000", "01-Jan-0000 00:00:00 +0000", "01-Jan-20000 00:00:00 +0000",
      "01-Jan-2000 24:00:00 +0000", "01-Jan-2000 00:60:00 +0000", "01-Jan-2000 00:00:61 +0000",
      "01-Jan-2000 00:00:00 0000", "01-Jan-2000 00:00:00 +00:00", "01-Jan-2000 00:00:00 +0060",
      "01-Jan-2000 00:00:00 +0000 x", "001-Jan-2000 00:00:00 +0000", "01-Jan-2000  0:00:00 +0000",
    ])
  func refused(_ text: String) { #expect(InternalDateText.parse(Array(text.utf8)[...]) == nil) }

  @Test(
    "a date is written in UTC",
    arguments: [
      (0, " 1-Jan-1970 00:00:00 +0000"), (-1, "31-Dec-1969 23:59:59 +0000"),
      (837_596_665, "17-Jul-1996 09:44:25 +0000"), (951_782_400, "29-Feb-2000 00:00:00 +0000"),
    ])
  func written(_ seconds: Int64, _ text: String) {
    #expect(InternalDateText.format(InternalDate(secondsSince1970: seconds)) == text)
  }

  @Test("a date that IMAP cannot say is not written", arguments: [-62_135_596_801, 253_402_300_800, .max, .min])
  func unsayable(_ seconds: Int64) {
    #expect(InternalDateText.format(InternalDate(secondsSince1970: seconds)) == nil)
  }

  @Test("what is written is read again, every day of four centuries")
  func inverse() throws {
    for day in stride(from: Int64(-146_097), through: 146_097, by: 1) {
      let date = InternalDate(secondsSince1970: day * 86_400 + (day % 86_400 + 86_400) % 86_400)
      let text = try #require(InternalDateText.format(date))
      try #require(InternalDateText.parse(Array(text.utf8)[...]) == date)
    }
  }
}
