import COpenSSL
import Glibc
import Mail
import Ports
import Reactor

/// What connections with the same trust anchors share: the anchors, the settings, and tickets to resume sessions.
@Loop
@safe
final class TLSContext {
  /// IMAP's protocol name (IANA's ALPN registry), with its length before it.
  static let applicationProtocol: [UInt8] = [4] + Array("imap".utf8)

  /// Freed in deinit; sessions hold a reference of their own.
  let pointer: OpaquePointer
  private var tickets: [HostEndpoint: TLSTicket] = [:]

  /// Reads the trust anchors; they are small files.
  init(caFile: String?) throws(StreamError) {
    ERR_clear_error()
    guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
      throw StreamError(.untrusted, "TLS could not be set up: \(opensslReason())")
    }
    unsafe pointer = context
    unsafe martlet_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
    unsafe martlet_SSL_CTX_forbid_renegotiation(context)
    let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
    unsafe martlet_SSL_CTX_set_mode(context, Int(modes))
    // With it one read goes on for as long as the server sends messages of TLS's own (key updates, tickets).
    unsafe martlet_SSL_CTX_clear_mode(context, Int(SSL_MODE_AUTO_RETRY))
    countMessages()
    unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    guard unsafe SSL_CTX_set_default_verify_paths(context) == 1 else {
      throw StreamError(.untrusted, "the system's trust anchors could not be read: \(opensslReason())")
    }
    if let caFile { try trust(caFile) }
    keepTickets()
  }

  isolated deinit {
    unsafe SSL_CTX_free(pointer)
  }

  /// From TLS 1.3 on a ticket is used once (RFC 8446 appendix C.4: two connections with the same one could be linked)
  /// and each connection brings new ones. TLS 1.2 servers seldom renew theirs.
  func takeTicket(for endpoint: HostEndpoint) -> TLSTicket? {
    guard let ticket = tickets[endpoint] else { return nil }
    if ticket.isForOneUse { tickets[endpoint] = nil }
    return ticket
  }

  fileprivate func store(_ ticket: TLSTicket, for endpoint: HostEndpoint) { tickets[endpoint] = ticket }

  private func trust(_ caFile: String) throws(StreamError) {
    guard unsafe SSL_CTX_load_verify_locations(pointer, caFile, nil) == 1 else {
      throw StreamError(.untrusted, "ca_file \(printable(caFile)) could not be read: \(opensslReason())")
    }
    // An anchor named by the user need not be a root: the server's own certificate will do.
    unsafe X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(pointer), UInt(X509_V_FLAG_PARTIAL_CHAIN))
  }

  private func countMessages() {
    unsafe SSL_CTX_set_msg_callback(pointer) { @Sendable isSent, _, type, _, _, ssl, _ in
      guard isSent == 0, type == SSL3_RT_HANDSHAKE, let owner = unsafe SSL_get_ex_data(ssl, 0) else { return }
      let tls = unsafe Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue()
      Loop.assumeIsolated { tls.messageCame() }
    }
  }

  private func keepTickets() {
    unsafe martlet_SSL_CTX_set_session_cache_mode(
      pointer, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
    unsafe SSL_CTX_sess_set_new_cb(pointer) { @Sendable ssl, session in
      guard let owner = unsafe SSL_get_ex_data(ssl, 0), let session = unsafe session else { return 0 }
      // The session object owns the SSL that calls, so it is there. The ticket's reference is ours from here on.
      let tls = unsafe Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue()
      let ticket = unsafe TLSTicket(owning: session)
      Loop.assumeIsolated { tls.context.store(ticket, for: tls.endpoint) }
      return 1
    }
  }
}

/// What resumes a TLS session. Unchecked: OpenSSL counts references atomically, and nothing changes the session.
@safe
final class TLSTicket: @unchecked Sendable {
  /// Freed in deinit.
  let session: OpaquePointer
  init(owning session: OpaquePointer) { unsafe self.session = session }
  deinit { unsafe SSL_SESSION_free(session) }

  var isForOneUse: Bool { unsafe SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION }
}

/// The oldest entry of OpenSSL's queue of errors in words; empties the queue.
func opensslReason() -> String {
  let code = ERR_get_error()
  ERR_clear_error()
  guard code != 0 else { return "no reason given" }
  // ERR_SYSTEM_ERROR is a macro: such an entry holds an errno, for which OpenSSL has no words.
  if code & 0x8000_0000 != 0 { return systemError(Int32(truncatingIfNeeded: code & 0x7FFF_FFFF)) }
  if let reason = unsafe ERR_reason_error_string(code) { return unsafe String(cString: reason) }
  return "error \(code)"
}
