import Foundation
import Support

extension TemporaryDirectory {
  /// The files by name, with their content.
  func files(in directory: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
      files[name] = try Data(contentsOf: URL(filePath: directory + "/" + name))
    }
    return files
  }

  /// A directory with these files in it.
  func folder(_ name: String, holding files: [String: Data]) throws -> String {
    let directory = path + "/" + name
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for (name, data) in files { try data.write(to: URL(filePath: directory + "/" + name)) }
    return directory
  }

  func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }
}
