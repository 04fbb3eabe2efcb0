import Mail
import Ports
import Support

/// The mail that is there when martlet comes for the first time.
extension World {
  func populate() throws {
    let setting = story.setting
    var dice = Dice(seed: setting.seed &* 0xD134_2543 &+ 4)
    // Most people begin with an empty Maildir, some with a filled one.
    let hasNear = dice.happens(50)
    for folder in setting.folders {
      if !folder.isInbox, dice.happens(80) { site.server.createMailbox(site.server.name(of: folder)) }
      if hasNear, folder.isInbox || dice.happens(60) { try people.makeFolder(folder) }
    }
    for _ in 0..<setting.mailOnBothSides { try place(&dice, near: hasNear, far: true) }
    for _ in 0..<setting.mailOnOneSide {
      let isNear = hasNear && dice.happens(50)
      try place(&dice, near: isNear, far: !isNear)
    }
    if dice.happens(50) { site.disk.writeBack() }
  }

  private func place(_ dice: inout Dice, near: Bool, far: Bool) throws {
    let view = people.view()
    let folders = story.setting.folders.filter { folder in
      (!near || view.near.folders.contains(folder)) && (!far || view.far.folders.contains(folder))
    }
    guard !folders.isEmpty else { return }
    let folder = dice.happens(50) && folders.contains(.inbox) ? .inbox : dice.pick(folders)
    let number = registry.bag.write(&dice)
    let flags = people.someFlags(&dice)
    if near { _ = try people.deliver(number, to: folder, flags: flags, view, &dice) }
    if far { _ = people.append(number, to: folder, flags: flags, view) }
    // Two copies of one message, which martlet has to find out to be one.
    if near, far { registry.chronicle.met(number, in: folder) }
  }
}
