import CLibFuzzer
import Fuzzing
import Glibc
import Ports
import Simulation

/// `martlet-fuzz TARGET [libFuzzer's options and folders]`: inputs without end into one target, `make fuzz`.
@main
enum Fuzz {
  private static let loop: WorldLoop = {
    let loop = WorldLoop()
    Loop.bind(loop)
    return loop
  }()

  private static let target: FuzzTarget = {
    if let name = CommandLine.arguments.dropFirst().first, let target = FuzzTarget.named(name) { return target }
    end("usage: martlet-fuzz TARGET [OPTION | FOLDER]...\ntargets: \(FuzzTarget.all.map(\.name))", 64)
  }()

  static func main() {
    // libFuzzer takes the options behind the target's name, and ours before those that it is given.
    let name = CommandLine.arguments.first ?? "martlet-fuzz"
    let words = [name, "-max_len=\(target.lengthMax)"] + CommandLine.arguments.dropFirst(2)
    // Never freed: libFuzzer keeps them.
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    var count = CInt(words.count)
    let status = unsafe arguments.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      return unsafe LLVMFuzzerRunDriver(&count, &start) { data, size in
        let input = unsafe data.map { unsafe Array(UnsafeBufferPointer(start: $0, count: size)) } ?? []
        Fuzz.play(input)
        return 0
      }
    }
    exit(status)
  }

  private static func play(_ input: [UInt8]) {
    loop.run { [target, loop] in
      do {
        try await target.run(input, on: loop)
      } catch {
        // libFuzzer keeps the input of whoever aborts.
        complain("\(target.name): \(error)")
        abort()
      }
    }
  }

  private static func end(_ text: String, _ status: CInt) -> Never {
    complain(text)
    exit(status)
  }

  private static func complain(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
  }
}

extension WorldLoop: RestingLoop {}
