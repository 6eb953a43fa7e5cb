/// The type of a partition in its table.
public enum PartitionType: Sendable, Hashable {
    /// The type identifier of a GPT entry.
    case gpt(GUID)
    /// The type byte of an MBR entry.
    case mbr(UInt8)
}

extension PartitionType: CustomStringConvertible {
    /// The identifier, or the byte in hexadecimal, as the partitioning tools print it.
    public var description: String {
        switch self {
        case .gpt(let guid): "\(guid)"
        case .mbr(let byte): String(byte, radix: 16)
        }
    }
}

extension PartitionKind {
    /// The type identifier in a GPT.
    ///
    /// Sources: UEFI specification 2.10 section 5.3.3 (EFI system partition), the UAPI group's
    /// Discoverable Partitions Specification (Linux data), U-Boot's `doc/usage/partitions` (its
    /// environment). The two of Martlet are the first bytes of
    /// `BLAKE2b-256("martlet-type/1\n" + kind)` with version 8.
    public var typeGUID: GUID {
        switch self {
        case .efiSystem: Self.efiSystemType
        case .environment: Self.environmentType
        case .boot, .system, .root: Self.linuxDataType
        case .config: Self.configType
        case .data: Self.dataType
        case .raw: Self.reservedType
        }
    }

    /// The type byte in an MBR, which says the file system.
    func typeByte(_ filesystem: FileSystemKind) -> UInt8 {
        if self == .efiSystem { return 0xef }
        switch filesystem {
        case .fat16: return 0x0e
        case .fat32: return 0x0c
        case .ext4, .squashfs: return 0x83
        case .raw: return 0xda
        }
    }

    /// The kind that a GPT's type identifier says by itself.
    init?(typeGUID: GUID) {
        let telling: [PartitionKind] = [.efiSystem, .environment, .config, .data]
        guard let kind = telling.first(where: { $0.typeGUID == typeGUID }) else { return nil }
        self = kind
    }

    private static let efiSystemType = guid(0xC12A_7328_F81F_11D2, 0xBA4B_00A0_C93E_C93B)
    private static let environmentType = guid(0x3DE2_1764_95BD_54BD, 0xA5C3_4ABE_786F_38A8)
    private static let linuxDataType = guid(0x0FC6_3DAF_8483_4772, 0x8E79_3D69_D847_7DE4)
    private static let reservedType = guid(0x8DA6_3339_0007_60C0, 0xC436_083A_C823_0908)
    private static let configType = guid(0xC937_719A_2E82_82DD, 0xBD5D_D806_B8A7_786F)
    private static let dataType = guid(0x9C41_5403_396E_8685, 0x9F1C_EEB4_0171_1702)

    /// An identifier from the two halves of its text form.
    private static func guid(_ high: UInt64, _ low: UInt64) -> GUID {
        let halves = [high, low]
        return GUID(
            bytes: halves.flatMap { half in
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> $0) }
            }
        )
    }
}
