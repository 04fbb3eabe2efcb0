import Control
import Disk
import Mail

/// Whether the kernel lets every folder be watched.
enum WatchCheckup {
  /// `need` is what these accounts take, whether they are watched now or not; `others` what other programs of the same
  /// user do.
  static func findings(need: InotifyUse, others: InotifyUse, limits: InotifyLimits) -> [DoctorFinding] {
    var findings: [DoctorFinding] = []
    if let limit = limits.watches, need.watches + others.watches > limit {
      findings.append(
        .problem(
          .watches, InotifyLimits.watchesSetting,
          "\(counted(need.watches, "directory", "directories")) are to be watched, other programs of yours watch "
            + "\(others.watches), and the limit is \(limit): folders beyond it are polled",
          advice(InotifyLimits.watchesSetting, enough: need.watches + others.watches, now: limit)))
    }
    if let limit = limits.instances, need.instances + others.instances > limit {
      findings.append(
        .problem(
          .watches, InotifyLimits.instancesSetting,
          "\(counted(need.instances, "watcher")) for these accounts and \(others.instances) of other programs of "
            + "yours are more than the limit, \(limit): accounts beyond it are polled",
          advice(InotifyLimits.instancesSetting, enough: need.instances + others.instances, now: limit)))
    }
    return findings
  }

  /// Twice what is enough now, so that it lasts.
  private static func advice(_ setting: String, enough: Int, now: Int) -> String {
    "as root: sysctl \(setting)=\(2 * max(enough, now)), and the same in a file of /etc/sysctl.d to keep it"
  }
}
