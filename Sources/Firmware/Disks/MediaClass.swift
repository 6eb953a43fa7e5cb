/// What kind of thing a target of flashing is.
///
/// The raw values of `ofProfiles` are the words of `media-classes` in a firmware profile.
public enum MediaClass: String, Sendable, Hashable, CaseIterable {
    /// An SD card in a slot of the machine; a card in a USB reader is `usb`.
    case sd
    /// An embedded MMC.
    case emmc
    /// Anything behind USB.
    case usb
    /// An NVMe namespace.
    case nvme
    /// A disk of the SCSI layer that is not behind USB or virtio: SATA, SAS and their like.
    case sata
    /// A disk that a virtual machine was given.
    case virtio
    /// A loop device.
    case loop
    /// A regular file.
    case file
    /// A device-mapper target: LVM, LUKS, multipath.
    case deviceMapper = "device-mapper"
    /// A Linux software RAID.
    case md
    /// None of these, such as an optical drive or a RAM disk.
    case unknown

    /// What a firmware profile may allow.
    public static let ofProfiles: [MediaClass] = [
        .sd, .emmc, .usb, .nvme, .sata, .virtio, .loop, .file,
    ]

    /// Whether a medium of this class is carried to another machine, so that it is not part of
    /// this one.
    public var isPortable: Bool { self == .sd || self == .usb }
}
