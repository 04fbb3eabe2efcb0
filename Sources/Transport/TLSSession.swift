import COpenSSL
import Glibc
import Mail
import Ports
import Reactor

/// TLS on a socket: each call goes as far as the socket lets it and says what it needs to go on.
@Loop
@safe
final class TLSSession {
  /// Messages of TLS's own, after the handshake, with no data between them: servers send a few tickets and, seldom, a
  /// key update.
  static let ownMessagesMax = 64

  let context: TLSContext
  let endpoint: HostEndpoint
  private let socket: Socket
  /// Freed in deinit; it borrows the socket's descriptor and points back here.
  private let ssl: OpaquePointer
  /// OpenSSL forbids further calls, SSL_shutdown among them.
  private var isBroken = false
  /// Since the handshake, or the last data.
  private var ownMessages = 0
  /// Found out after bytes that had to be handed on first.
  private var pending: Attempt<[UInt8]>?

  init(_ context: TLSContext, on socket: Socket, for endpoint: HostEndpoint) throws(StreamError) {
    self.context = context
    self.endpoint = endpoint
    self.socket = socket
    ERR_clear_error()
    guard let ssl = unsafe SSL_new(context.pointer) else {
      throw StreamError(.untrusted, "\(socket.name): TLS could not be set up: \(opensslReason())")
    }
    unsafe self.ssl = ssl
    unsafe SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
    guard unsafe SSL_set_fd(ssl, socket.number) == 1, expectPeer(), offerIMAP() else {
      throw StreamError(.untrusted, "\(socket.name): TLS could not be set up: \(opensslReason())")
    }
    if let ticket = context.takeTicket(for: endpoint) {
      // Where it is refused, the handshake is a full one.
      unsafe SSL_set_session(ssl, ticket.session)
    }
  }

  isolated deinit {
    unsafe SSL_free(ssl)
  }

  var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

  func handshake() -> Attempt<Void> {
    ERR_clear_error()
    let result = unsafe SSL_connect(ssl)
    if result == 1 {
      ownMessages = 0
      return .done(())
    }
    let reason = errno
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ: return .needs(.readable)
    case SSL_ERROR_WANT_WRITE: return .needs(.writable)
    // OpenSSL says so, too, where a trust anchor could not be opened and so the certificate was not trusted.
    case SSL_ERROR_SYSCALL where unsafe SSL_get_verify_result(ssl) == Int(X509_V_OK):
      isBroken = true
      let text = reason == 0 ? "the server closed the connection" : systemError(reason)
      return .failed(StreamError(.closed, "\(socket.name): TLS handshake: \(text)"))
    default:
      isBroken = true
      return .failed(handshakeFailure())
    }
  }

  func receive() -> Attempt<[UInt8]> {
    if let pending { return pending }
    let buffer = unsafe ReadBuffer.shared
    var filled = 0
    var stop: Attempt<[UInt8]>?
    while filled < buffer.count, stop == nil {
      ERR_clear_error()
      var count = 0
      let before = ownMessages
      let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let result = unsafe SSL_read_ex(ssl, free.baseAddress, free.count, &count)
      if result == 1 {
        filled += count
        ownMessages = 0
      } else {
        stop = interruption(result, act: "reading")
        // A message of TLS's own was read, and nothing says that there is no more to read.
        if ownMessages > before, filled == 0, case .needs(.readable) = stop { stop = excess() }
      }
    }
    guard filled > 0 else {
      if let stop { return stop }
      preconditionFailure("a read into a buffer with room either reads or stops")
    }
    socket.acknowledgeAtOnce()
    switch stop {
    case .ended, .failed: pending = stop
    case .needs, .done, nil: break
    }
    return .done(ReadBuffer.copy(filled))
  }

  /// The number of bytes taken, at least one. After `.needs` the same bytes must come again.
  func send(_ bytes: [UInt8], from start: Int) -> Attempt<Int> {
    ERR_clear_error()
    var count = 0
    let result = unsafe bytes.withUnsafeBytes { all in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
      return unsafe SSL_write_ex(ssl, rest.baseAddress, rest.count, &count)
    }
    if result == 1 { return .done(count) }
    switch interruption(result, act: "writing") {
    case .needs(let need): return .needs(need)
    case .failed(let error): return .failed(error)
    case .ended, .done: return .failed(StreamError(.closed, "\(socket.name): writing: the server ended TLS"))
    }
  }

  /// Says goodbye as far as the socket takes it at once; does not wait for the answer.
  func sayGoodbye() {
    guard !isBroken else { return }
    isBroken = true
    ERR_clear_error()
    unsafe SSL_shutdown(ssl)
    ERR_clear_error()
  }

  /// While the handshake goes on, too.
  func messageCame() { ownMessages += 1 }

  /// A server that sends such messages alone would keep the loop for itself (law L11).
  private func excess() -> Attempt<[UInt8]>? {
    guard ownMessages > Self.ownMessagesMax else { return nil }
    isBroken = true
    return .failed(StreamError(.closed, "\(socket.name): reading: the server sends messages of TLS's own, and no data"))
  }

  private func interruption(_ result: Int32, act: String) -> Attempt<[UInt8]> {
    let reason = errno
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ: return .needs(.readable)
    case SSL_ERROR_WANT_WRITE: return .needs(.writable)
    case SSL_ERROR_ZERO_RETURN: return .ended
    case SSL_ERROR_SYSCALL:
      isBroken = true
      return .failed(StreamError(.closed, "\(socket.name): \(act): \(systemError(reason))"))
    default:
      isBroken = true
      if endedWithoutGoodbye() {
        return .failed(
          StreamError(.closed, "\(socket.name): \(act): the connection ended without TLS's close_notify"))
      }
      return .failed(StreamError(.untrusted, "\(socket.name): \(act): TLS failed: \(opensslReason())"))
    }
  }

  private func handshakeFailure() -> StreamError {
    let verification = unsafe SSL_get_verify_result(ssl)
    if verification != Int(X509_V_OK) {
      ERR_clear_error()
      let reason = unsafe String(cString: X509_verify_cert_error_string(verification))
      let isOtherName = [X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH].contains(Int32(verification))
      let hint = isOtherName ? " (only the names in its subjectAltName count)" : ""
      return StreamError(.untrusted, "\(socket.name): the server's certificate is not trusted: \(reason)\(hint)")
    }
    if endedWithoutGoodbye() {
      return StreamError(.closed, "\(socket.name): TLS handshake: the server closed the connection")
    }
    if endpoint.security == .implicitTLS, isOtherProtocol() {
      ERR_clear_error()
      return Self.otherProtocol(socket.name)
    }
    return StreamError(.untrusted, "\(socket.name): TLS handshake: \(opensslReason())")
  }

  /// Another protocol answers there, and nobody is untrusted for that.
  static func otherProtocol(_ name: String) -> StreamError {
    StreamError(
      .unreachable,
      "\(name): what answers there does not begin with TLS: perhaps tls = \"starttls\" (or \"none\") is meant, or another "
        + "port")
  }

  private func endedWithoutGoodbye() -> Bool { hasReason(SSL_R_UNEXPECTED_EOF_WHILE_READING) }

  /// What comes is no TLS record.
  private func isOtherProtocol() -> Bool { hasReason(SSL_R_WRONG_VERSION_NUMBER) }

  /// ERR_GET_REASON is a macro: the reason is in the low 23 bits, unless it is a system error.
  private func hasReason(_ reason: Int32) -> Bool {
    let code = ERR_peek_error()
    return code & 0x8000_0000 == 0 && code & 0x7F_FFFF == UInt(reason)
  }

  /// The certificate must name the host as configured, in its subjectAltName (RFC 9525 §6.3); nothing that DNS says counts.
  private func expectPeer() -> Bool {
    let host = endpoint.host
    if SocketAddress.isLiteral(host) {
      let address = String(host.prefix { $0 != "%" })
      return unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address) == 1
    }
    let name = host.hasSuffix(".") ? String(host.dropLast()) : host
    let flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
    unsafe SSL_set_hostflags(ssl, UInt32(flags))
    return unsafe SSL_set1_host(ssl, name) == 1 && martlet_SSL_set_tlsext_host_name(ssl, name) == 1
  }

  private func offerIMAP() -> Bool {
    let name = TLSContext.applicationProtocol
    // Unlike its neighbours, this call answers 0 for success.
    return unsafe SSL_set_alpn_protos(ssl, name, UInt32(name.count)) == 0
  }
}
