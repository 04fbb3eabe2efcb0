extension Session {
  /// Where the conversation is (the state diagram of RFC 9051 §3), as far as tagged answers have confirmed it.
  package enum Phase: Equatable, Sendable {
    /// Nothing heard yet; nothing is written. Leaves to: notAuthenticated, authenticated (PREAUTH), leaving (BYE).
    case greeting
    /// Leaves to: securing (STARTTLS), authenticated (LOGIN, AUTHENTICATE).
    case notAuthenticated
    /// STARTTLS was answered OK; any octet before `.secured` is an attack. Leaves to: notAuthenticated.
    case securing
    /// Logged in, no mailbox selected. Leaves to: selected.
    case authenticated
    /// The last answered SELECT succeeded. Leaves to: authenticated (UNSELECT, a failed SELECT), selected.
    case selected(MailboxName, isReadOnly: Bool)
    /// BYE was said by the server. Answers may still come; nothing is written. Leaves to: loggedOut, closed.
    case leaving
    /// LOGOUT was answered OK; nothing is written any more. Leaves to: closed, without a failure.
    case loggedOut
    /// The end of the stream was reported.
    case closed
    /// Broken; every further event is ignored.
    case failed(SessionError)
  }
}
