internal import BootControl

/// The files of the loaders, which the builder makes from a profile.
///
/// ```
/// boot-script          U-Boot: boot.scr             (UBootScript in a ScriptImage)
/// grub-config          GRUB: EFI/BOOT/grub.cfg      (GRUBConfiguration)
/// tryboot-config       Raspberry Pi: autoboot.txt   (RaspberryFiles)
/// raspberry-config-a   config.txt of a slot         raspberry-config-b
/// raspberry-cmdline-a  cmdline.txt of a slot        raspberry-cmdline-b
/// ```
/// Their text depends on the profile alone: partition numbers, the paths of kernel and initial
/// file system in the slots, the attempts and the kernel's arguments.
enum BootFile {
    /// The content of an artifact.
    ///
    /// - Parameters:
    ///   - artifact: what the profile's `source` names.
    ///   - profile: a profile without problems.
    /// - Returns: The bytes, or nothing when the artifact is not a loader's file of text.
    /// - Throws: `BootFileError` when the profile lacks what the file must name.
    static func bytes(
        of artifact: BuiltInArtifact,
        in profile: FirmwareProfile
    ) throws(BootFileError) -> [UInt8]? {
        switch artifact {
        case .bootScript:
            ScriptImage.bytes(of: try script(profile).text, name: profile.name)
        case .grubConfig: [UInt8](try configuration(profile).text.utf8)
        case .trybootConfig: [UInt8](try raspberry(profile).autoboot.utf8)
        case .raspberryConfigA, .raspberryConfigB:
            [UInt8](try raspberry(profile).configuration.utf8)
        case .raspberryCommandLineA: [UInt8](try raspberry(profile).commandLine(.a).utf8)
        case .raspberryCommandLineB: [UInt8](try raspberry(profile).commandLine(.b).utf8)
        case .agent, .initramfs, .bundle, .grubEnvironment: nil
        }
    }

    private static func script(_ profile: FirmwareProfile) throws(BootFileError) -> UBootScript {
        let slots = try SystemSlots(profile)
        return UBootScript(
            partitions: UBootScript.Partitions(
                environment: try number(of: .environment, in: profile),
                systemA: slots.numberA,
                systemB: slots.numberB
            ),
            tries: profile.boot.tries,
            kernelArguments: profile.boot.kernelArguments,
            kernelPath: slots.kernelPath,
            initramfsPath: slots.initramfsPath
        )
    }

    private static func configuration(
        _ profile: FirmwareProfile
    ) throws(BootFileError) -> GRUBConfiguration {
        let slots = try SystemSlots(profile)
        let files = profile.partition(.efiSystem)?.files ?? []
        let source = BuiltInArtifact.grubEnvironment.rawValue
        guard let environment = files.first(where: { $0.source == source }) else {
            throw .noSource(source, partition: PartitionKind.efiSystem.rawValue)
        }
        return GRUBConfiguration(
            systemA: slots.numberA,
            systemB: slots.numberB,
            table: profile.disk?.table == .mbr ? "msdos" : "gpt",
            tries: profile.boot.tries,
            kernelArguments: profile.boot.kernelArguments,
            kernelPath: slots.kernelPath,
            initramfsPath: slots.initramfsPath,
            environmentPath: environment.path
        )
    }

    private static func raspberry(
        _ profile: FirmwareProfile
    ) throws(BootFileError) -> RaspberryFiles {
        RaspberryFiles(
            slots: try SystemSlots(profile),
            kernelArguments: profile.boot.kernelArguments
        )
    }

    private static func number(
        of kind: PartitionKind,
        in profile: FirmwareProfile
    ) throws(BootFileError) -> Int {
        guard let index = profile.partitions.firstIndex(where: { $0.kind == kind }) else {
            throw .noPartition(kind.rawValue)
        }
        return index + 1
    }
}

/// Why a loader's file cannot be made from a profile.
enum BootFileError: Error, Equatable {
    /// The profile has no partition of a kind, or none of a slot.
    case noPartition(String)
    /// A partition lacks the file that the loader must find in it.
    case noSource(String, partition: String)
    /// A file is not at the same path in both slots.
    case pathsDiffer(String, a: String, b: String)
}

extension BootFileError: CustomStringConvertible {
    var description: String {
        switch self {
        case .noPartition(let kind): "the loader needs a partition: \(kind)"
        case .noSource(let source, let partition):
            "the loader needs '\(source)' among the files of '\(partition)'"
        case .pathsDiffer(let source, let first, let second):
            "'\(source)' is '\(first)' in slot A and '\(second)' in slot B"
        }
    }
}
