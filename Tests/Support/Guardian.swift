import Foundation
import Glibc

/// A small shell that outlives this process and ends and removes what it left behind, also after a crash or SIGKILL.
///
/// It reads from a pipe which process groups and temporary folders exist. When the pipe closes, this process is gone:
/// what is still on the list is killed and removed. There is one guardian for a process, started at first need.
final class Guardian: Sendable {
  enum Ward {
    case group(pid_t)
    case folder(String)

    fileprivate var words: String {
      switch self {
      case .group(let group): "group \(group)"
      case .folder(let path): "folder \(path)"
      }
    }
  }

  static let shared = Guardian()

  private let pipe: Int32

  func watch(_ ward: Ward) { tell("+" + ward.words) }
  func release(_ ward: Ward) { tell("-" + ward.words) }

  private init() {
    do {
      let ends = try Pipe.make()
      _ = try Spawn(
        arguments: ["/bin/sh", "-c", Self.script], input: ends.readEnd, output: nil, errors: nil
      ).start()
      close(ends.readEnd)
      pipe = ends.writeEnd
    } catch {
      fatalError("the guardian of test processes could not be started: \(error)")
    }
  }

  private func tell(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // A line is shorter than PIPE_BUF, so it is written whole or not at all. A guardian that is gone guards nothing:
    // the tests go on, and their own clean-up still runs.
    _ = unsafe write(pipe, bytes, bytes.count)
  }

  /// Only folders of ours are ever removed: their last component begins with `martlet-`.
  static let script = """
    trap '' INT TERM HUP PIPE
    IFS='
    '
    groups='' folders=''
    without() { kept=''; for one in $1; do [ "$one" = "$2" ] || kept="$kept$one
    "; done; }
    while IFS=' ' read -r verb what; do
      case $verb in
        +group) groups="$groups$what
    " ;;
        -group) without "$groups" "$what"; groups=$kept ;;
        +folder) folders="$folders$what
    " ;;
        -folder) without "$folders" "$what"; folders=$kept ;;
      esac
    done
    for signal in TERM KILL; do
      alive=''
      for one in $groups; do kill -s $signal -- "-$one" 2>/dev/null && alive=yes; done
      [ "$signal$alive" = TERMyes ] && sleep 1
    done
    for one in $folders; do
      case $one in */martlet-*/*) ;; */martlet-*) rm -rf -- "$one" ;; esac
    done
    """
}
