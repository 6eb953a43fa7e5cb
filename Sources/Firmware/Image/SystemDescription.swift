internal import AgentProtocol
import BootControl

/// `/etc/system.conf` of the initial file system: which partitions are what, in lines `key value`.
///
/// ```
/// disk gpt 0f3c...            32 digits, the bytes at 56 of the GPT's header
/// disk mbr 1a2b3c4d           8 digits, the bytes at 440 of the MBR
/// config 5 vfat               number and type for mount
/// data 6 ext4 /var/lib/martlet
/// root-a 7 squashfs
/// boot-control uboot-environment 2 16384 0 65536 | grub-environment 1 PATH
///              | raspberry-tryboot 1 autoboot.txt | none
/// tries 3
/// confirm serving
/// ```
enum SystemDescription {
    /// The lines of a profile whose partitions are placed.
    static func lines(
        _ profile: FirmwareProfile,
        _ layout: DiskLayout
    ) throws(ImageError) -> [UInt8] {
        var lines = ["disk " + disk(layout.diskIdentifier)]
        for (number, partition) in zip(1..., profile.partitions) {
            let type = mountType(partition.filesystem)
            switch (partition.kind, partition.slot) {
            case (.config, _): lines.append("config \(number) \(type)")
            case (.data, _): lines.append("data \(number) \(type) \(profile.data.path)")
            case (.root, .a): lines.append("root-a \(number) \(type)")
            case (.root, .b): lines.append("root-b \(number) \(type)")
            default: continue
            }
        }
        lines.append("boot-control " + (try bootControl(profile)))
        lines.append("tries \(profile.boot.tries)")
        lines.append("confirm \(profile.boot.confirm.rawValue)")
        return try DeviceConfiguration.checked(lines) { (text) throws(ConfigurationFault) in
            _ = try SystemSettings.parse(text)
        }
    }

    /// The table's kind and the identifier's bytes as they are on the disk.
    private static func disk(_ identifier: DiskIdentifier) -> String {
        switch identifier {
        case .gpt(let identifier): "gpt " + Digest.hexadecimal(identifier.diskBytes)
        case .mbr(let signature):
            "mbr " + Digest.hexadecimal((0..<4).map { UInt8(signature >> (8 * $0) & 0xFF) })
        }
    }

    private static func mountType(_ kind: FileSystemKind) -> String {
        kind.isFAT ? "vfat" : kind.rawValue
    }

    private static func bootControl(_ profile: FirmwareProfile) throws(ImageError) -> String {
        let control = profile.boot.control
        switch control {
        case .none: return control.rawValue
        case .ubootEnvironment:
            guard let number = number(in: profile, where: { $0.kind == .environment }) else {
                throw .problems(["no partition of kind 'environment' for the U-Boot environment"])
            }
            let place = EnvironmentPlace.self
            return "\(control.rawValue) \(number) \(place.copySizeBytes) \(place.offsets.0) "
                + "\(place.offsets.1)"
        case .grubEnvironment:
            return "\(control.rawValue) " + (try file(.grubEnvironment, in: profile))
        case .raspberryTryboot:
            return "\(control.rawValue) " + (try file(.trybootConfig, in: profile))
        }
    }

    /// The number of the partition that holds a built-in file, and the file's path.
    private static func file(
        _ artifact: BuiltInArtifact,
        in profile: FirmwareProfile
    ) throws(ImageError) -> String {
        for (number, partition) in zip(1..., profile.partitions) {
            for file in partition.files where file.source == artifact.rawValue {
                return "\(number) \(file.path)"
            }
        }
        throw .problems(["no partition holds '\(artifact.rawValue)', which boot.control needs"])
    }

    private static func number(
        in profile: FirmwareProfile,
        where isWanted: (FirmwareProfile.Partition) -> Bool
    ) -> Int? {
        profile.partitions.firstIndex(where: isWanted).map { $0 + 1 }
    }
}
