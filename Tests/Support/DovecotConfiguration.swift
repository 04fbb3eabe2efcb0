/// What a test may wish of its Dovecot.
package struct DovecotOptions: Sendable {
  package enum Storage: String, Sendable {
    case maildir = "maildir:~/Maildir"
    case sdbox = "sdbox:~/sdbox"
  }

  package var storage: Storage
  /// The capability list after login instead of Dovecot's own, or additions to it where it begins with `+`.
  ///
  /// This hides only: hidden commands still work, so a test must also look whether they were used.
  package var capability: String?
  /// `mail_max_userip_connections`
  package var connectionsMax: Int
  /// The password of every user.
  package var password: String
  /// The names in the certificate.
  package var certificateNames: [String]
  /// Whether the certificate's time was over yesterday.
  package var certificateIsExpired = false
  /// Lines put behind the configuration as they are.
  package var extraConfiguration: String

  package init(
    storage: Storage = .maildir, capability: String? = nil, connectionsMax: Int = 100, password: String = "pw",
    certificateNames: [String] = CertificateAuthority.localNames, extraConfiguration: String = ""
  ) {
    self.storage = storage
    self.capability = capability
    self.connectionsMax = connectionsMax
    self.password = password
    self.certificateNames = certificateNames
    self.extraConfiguration = extraConfiguration
  }
}

/// Writes Dovecot's configuration file.
struct DovecotConfiguration {
  let options: DovecotOptions
  let folder: String
  let ports: [UInt16]
  let certificate: CertificateAuthority.Certificate
  let owner: MailOwner

  func text() throws -> String {
    """
    base_dir = \(folder)/run
    state_dir = \(folder)/state
    log_path = /dev/stderr
    protocols = imap lmtp
    listen = 127.0.0.1
    first_valid_uid = 1
    first_valid_gid = 1
    disable_plaintext_auth = no
    ssl = yes
    ssl_cert = <\(certificate.certificateFile)
    ssl_key = <\(certificate.keyFile)
    passdb {
      driver = static
      args = password=\(options.password)
    }
    userdb {
      driver = static
      args = uid=\(owner.userIdentifier) gid=\(owner.groupIdentifier) home=\(folder)/mail/%u allow_all_users=yes
    }
    auth_cache_size = 0
    auth_failure_delay = 0
    mail_location = \(options.storage.rawValue)
    mailbox_list_index = yes
    mail_max_userip_connections = \(options.connectionsMax)
    namespace inbox {
      inbox = yes
      separator = /
    }
    \(services)
    \(try unprivileged)
    \(options.extraConfiguration)

    """
  }

  private var services: String {
    """
    protocol imap {
      mail_plugins = imap_zlib
    \(options.capability.map { "  imap_capability = \($0)" } ?? "")
    }
    service imap-login {
      inet_listener imap {
        port = \(ports[0])
      }
      inet_listener imaps {
        port = \(ports[1])
      }
    }
    service lmtp {
      inet_listener lmtp {
        port = \(ports[2])
      }
    }
    service stats {
      unix_listener stats-writer {
        mode = 0666
      }
    }
    """
  }

  /// What lets an ordinary user run all of Dovecot's services as himself.
  private var unprivileged: String {
    get throws {
      guard !owner.isAnotherUser else { return "" }
      return """
        default_login_user = \(owner.user)
        default_internal_user = \(owner.user)
        default_internal_group = \(try owner.groupName())
        service imap-login {
          chroot =
        }
        service anvil {
          chroot =
        }
        """
    }
  }
}
