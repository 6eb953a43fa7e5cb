/// One use of a disk, and the way from the disk to it.
///
/// ```
/// sda -> sda2 -> dm-0 (LUKS luks-7f) -> dm-1 (LVM vg-root) -> mounted at /
///        \_________ chain _____________________________/     \__ kind __/
/// ```
public struct DiskUse: Sendable, Hashable {
    /// One device on the way from the disk to its use.
    public struct Link: Sendable, Hashable {
        /// The kernel's name, such as `dm-0`.
        public let name: String
        /// What it is where the name does not say it, such as `LVM vg-root`.
        public let role: String?
    }

    /// What the use is.
    public enum Kind: Sendable, Hashable {
        /// A file system in the device is mounted.
        case mounted(path: String)
        /// A mounted overlay has layers on the device.
        case overlayLayer(path: String)
        /// The kernel swaps to the device, or to a file on it.
        case swap(path: String)
        /// The kernel's command line names the device.
        case kernelArgument(String)
        /// `/etc/fstab` names the device, whether it is mounted now or not.
        case fstab(path: String)
        /// Another device stands on it and is itself without a use that can be seen.
        case held(by: String)
        /// A member of a RAID that is not running.
        case raidMember
        /// A member of a ZFS pool.
        case zfsMember(pool: String?)
        /// A member of a btrfs file system that is mounted.
        case btrfsMember(identifier: String)
        /// A physical volume of LVM that is not active.
        case lvmMember
        /// A LUKS container that is not open.
        case encrypted
        /// The same disk by another name has uses (one disk on two cables).
        case sameDisk(as: String)
        /// A loop device of this name shows the file or device.
        case loopBacking(device: String)
    }

    /// The devices from the first that stands on the disk to the one that is used; empty when the
    /// disk itself is used.
    public let chain: [Link]
    /// What the use is.
    public let kind: Kind
    /// Whether the running system stands on it: `/`, `/boot`, `/usr`, `/home`, `/var` and their
    /// like, swap, the kernel's own arguments.
    public let isSystem: Bool
}

extension DiskUse.Kind {
    /// Whether the kernel holds the device now: it must be let go before it may be written.
    public var isActive: Bool {
        switch self {
        case .mounted, .overlayLayer, .swap, .held, .btrfsMember, .loopBacking, .sameDisk: true
        case .kernelArgument, .fstab, .raidMember, .zfsMember, .lvmMember, .encrypted: false
        }
    }
}

extension DiskUse.Kind: CustomStringConvertible {
    /// The use in words, such as `mounted at /home`.
    public var description: String {
        switch self {
        case .mounted(let path): "mounted at \(path)"
        case .overlayLayer(let path): "layer of the overlay at \(path)"
        case .swap(let path): "swap (\(path))"
        case .kernelArgument(let argument): "named to the kernel as \(argument)"
        case .fstab(let path): "named in /etc/fstab for \(path)"
        case .held(let holder): "held by \(holder)"
        case .raidMember: "member of a RAID"
        case .zfsMember(let pool): "member of ZFS pool \(pool ?? "without a name")"
        case .btrfsMember(let identifier): "member of btrfs \(identifier)"
        case .lvmMember: "physical volume of LVM"
        case .encrypted: "LUKS container"
        case .sameDisk(let name): "the same disk as \(name), which is in use"
        case .loopBacking(let device): "shown by \(device)"
        }
    }
}

extension DiskUse: CustomStringConvertible {
    /// The way and the use, such as `sda2 -> dm-0 (LUKS luks-7f) -> mounted at /`.
    public var description: String {
        let links = chain.map { link in link.role.map { "\(link.name) (\($0))" } ?? link.name }
        return (links + [kind.description]).joined(separator: " -> ")
    }
}
