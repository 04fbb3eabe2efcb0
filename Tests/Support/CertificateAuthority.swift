/// A throw-away certificate authority, made with the `openssl` program.
package actor CertificateAuthority {
  package struct Certificate: Sendable {
    /// PEM files. Anybody may read the key: it is worth nothing.
    package let certificateFile: String
    package let keyFile: String
  }

  /// The names under which a private server is reached.
  package static let localNames = ["DNS:localhost", "IP:127.0.0.1"]

  /// What clients are to trust, PEM.
  package nonisolated let certificateFile: String
  private let folder: TemporaryDirectory
  private var issued = 0

  package init(named name: String = "martlet test CA") async throws {
    let folder = try TemporaryDirectory("ca")
    self.folder = folder
    certificateFile = folder.appending("ca.pem")
    try await ChildProcess.output(of: [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-days", "30", "-subj", "/CN=\(name)", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
      "-keyout", folder.appending("ca.key"), "-out", certificateFile,
    ])
  }

  /// A server certificate for `names`, as in subjectAltName.
  package func certificate(for names: [String] = localNames, isExpired: Bool = false) async throws -> Certificate {
    issued += 1
    let base = folder.appending("\(issued)")
    let extensions = try folder.write(
      "subjectAltName=\(names.joined(separator: ","))\nextendedKeyUsage=serverAuth\n", to: "\(issued).ext")
    try await ChildProcess.output(of: [
      "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-subj", "/CN=martlet test server", "-keyout", "\(base).key", "-out", "\(base).csr",
    ])
    try await ChildProcess.output(of: [
      "openssl", "x509", "-req", "-in", "\(base).csr", "-CA", certificateFile, "-CAkey", folder.appending("ca.key"),
      "-set_serial", "\(issued + 1)", "-days", isExpired ? "-1" : "30", "-extfile", extensions, "-out", "\(base).pem",
    ])
    try await ChildProcess.output(of: ["chmod", "0644", "\(base).key"])
    return Certificate(certificateFile: "\(base).pem", keyFile: "\(base).key")
  }

  /// One authority for all servers of this process that ask for no other.
  package static func shared() async throws -> CertificateAuthority { try await sharedTask.value }

  private static let sharedTask = Task { try await CertificateAuthority() }
}
