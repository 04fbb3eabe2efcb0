/// A command that was carried out, and whose tagged answer was not said yet.
struct WaitingAnswer {
  let tag: String
  let verb: ServerVerb
  let text: String
  /// RFC 9051 §7.5.1.
  let allowsExpunge: Bool
}

extension ServerVerb {
  /// What `ServerProfile.answersBeforeNews` makes of a command.
  enum Order {
    /// Carried out when all that came before it is answered, and the view is as new as can be.
    case alone
    /// Carried out at once, answered when there is nothing more to carry out.
    case withNews
    /// Carried out and answered at once, before those that came earlier and still wait.
    case atOnce
  }

  var order: Order {
    switch self {
    case .select, .examine, .unselect, .close, .idle, .logout, .startTLS, .login, .authenticate: .alone
    case .noop, .check, .append, .fetch, .store, .search, .copy, .move, .expunge: .withNews
    case .capability, .id, .enable, .namespace, .list, .lsub, .status, .create, .delete, .rename, .subscribe,
      .unsubscribe, .notify:
      .atOnce
    }
  }
}

/// When a command's answer is said, and what is new before it.
///
///     usual     a NOOP · b FETCH        news, a OK, data as of the news, b OK
///     Dovecot   a NOOP · b FETCH        data as of before, news, a OK, b OK
///               a NOOP · b LIST         b OK, news, a OK
///
/// Dovecot 2.3 looks for news when it has carried out all that it has read; so commands that come in one write are all
/// carried out on what the session knew before them, also those that follow a NOOP.
extension ServerSession {
  func finish(_ answer: WaitingAnswer) {
    guard server.profile.answersBeforeNews else {
      if answer.verb != .logout { announce(allowsExpunge: answer.allowsExpunge) }
      return complete(answer.tag, answer.verb, answer.text)
    }
    switch answer.verb.order {
    case .withNews: waiting.append(answer)
    case .atOnce, .alone: complete(answer.tag, answer.verb, answer.text)
    }
  }

  /// With what is new in the selected mailbox before them.
  func answerWaiting() {
    guard !waiting.isEmpty else { return }
    let answers = waiting
    waiting = []
    announce(allowsExpunge: answers.allSatisfy(\.allowsExpunge))
    for answer in answers { complete(answer.tag, answer.verb, answer.text) }
  }
}
