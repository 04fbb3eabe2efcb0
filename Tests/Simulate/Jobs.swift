import Glibc

/// Several processes, each with a share of the seeds.
struct Jobs {
  let options: SimulateOptions
  init(_ options: SimulateOptions) { self.options = options }
  func run() -> Int32 { 70 }
}
