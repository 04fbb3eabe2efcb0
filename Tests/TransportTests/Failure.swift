import Glibc
import Ports
import Testing

/// The error that `body` ends with; records an issue where it succeeds.
@Loop
func failure<Value>(
  _ body: @Loop () async throws(StreamError) -> Value, sourceLocation: SourceLocation = #_sourceLocation
) async -> StreamError {
  do throws(StreamError) {
    _ = try await body()
    Issue.record("it succeeded", sourceLocation: sourceLocation)
    return StreamError(.closed, "")
  } catch {
    return error
  }
}

extension ByteStream {
  /// Reads until so many bytes are there, or the end.
  func read(count: Int) async throws(StreamError) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      let piece = try await read()
      if piece.isEmpty { break }
      all += piece
    }
    return all
  }

  /// Reads until `text` has come.
  func read(through text: String) async throws(StreamError) -> String {
    var all = ""
    while !all.contains(text) {
      let piece = try await read()
      if piece.isEmpty { break }
      all += String(decoding: piece, as: UTF8.self)
    }
    return all
  }

  func write(_ text: String) async throws(StreamError) { try await write(Array(text.utf8)) }
}

/// The result of a task that runs beside the test, as it is on the loop.
typealias Pending<Value: Sendable> = Task<Result<Value, StreamError>, Never>

extension Loop {
  static func beside<Value: Sendable>(
    _ body: @escaping @Loop @Sendable () async throws(StreamError) -> Value
  ) -> Pending<Value> {
    task {
      do throws(StreamError) { return .success(try await body()) } catch { return .failure(error) }
    }
  }
}

extension Result where Failure == StreamError {
  var failureKind: StreamError.Kind? {
    if case .failure(let error) = self { error.kind } else { nil }
  }
}

/// Lets everything that can go on come to rest.
func settle() async {
  for _ in 0..<50 { await Task.yield() }
}

/// Bytes whose period (a prime) fits no buffer, so that a piece lost or doubled shows.
func pattern(_ count: Int, of alphabet: [UInt8] = Array(0...255)) -> [UInt8] {
  let period = 65_521
  let block = (0..<period).map { alphabet[($0 &* 31 &+ $0 >> 8) % alphabet.count] }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + period)
  while bytes.count < count { bytes += block }
  bytes.removeLast(bytes.count - count)
  return bytes
}

/// `==` takes seconds for 50 MB without optimization.
func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  unsafe left.count == right.count && memcmp(left, right, left.count) == 0
}
