// The envelope, 4096 bytes, little-endian, before every signed text: the manifest of a bundle, a
// root, a channel:
//
//   0   magic 45 49 42 31 0D 0A 1A 0A
//   8   u16 major 1 | u16 minor 0 | u32 envelope size 4096
//   16  u64 text size, 1...262144
//   24  BLAKE2b-512 of the text, 64 bytes
//   88  u16 slot count 0...16 (a bundle has 1 or more) | u16 slot size 144 | u32 zero
//   96  slots: key id 8 | u16 algorithm 1 | u8 role | u8 flags 0 | u32 zero
//       | signature 64 over the hash | signature 64 over (first signature, trusted comment)
//   ..  zero to 4096
//
// Invariants: 1. every byte outside the used slots is zero. 2. Two slots never have the same key
// id, and all have the role that signs such a text. 3. Nothing is believed before a trusted key's
// signatures are checked.

/// One signature over a text.
public struct SignatureSlot: Sendable, Equatable {
    /// The first 8 bytes of BLAKE2b-256 of the signer's public key: a hint, never an identity.
    public var keyID: [UInt8]
    /// What the key may sign.
    public var role: SigningRole
    /// Ed25519 over the text's BLAKE2b-512, 64 bytes.
    public var signature: [UInt8]
    /// Ed25519 over `signature` and the trusted comment, 64 bytes.
    public var commentSignature: [UInt8]

    /// Makes a slot from its parts.
    public init(keyID: [UInt8], role: SigningRole, signature: [UInt8], commentSignature: [UInt8]) {
        self.keyID = keyID
        self.role = role
        self.signature = signature
        self.commentSignature = commentSignature
    }

    /// The key id that a public key has in a slot.
    public static func keyID(of key: PublicKey) -> [UInt8] {
        [UInt8](Sodium.blake2b(key.bytes, sizeBytes: 32).prefix(8))
    }
}

/// The fixed-size head of a signed text: its size and hash, and who signed it.
public struct Envelope: Sendable, Equatable {
    /// The size of an envelope in bytes.
    public static let sizeBytes = 4_096
    /// The largest manifest: 4,096 lines of 64 bytes, far above real ones of 2 KiB.
    public static let manifestSizeMax = 262_144
    /// The number of signature slots.
    public static let slotCountMax = 16
    static let slotSizeBytes = 144
    static let slotsOffset = 96
    static let magic: [UInt8] = [0x45, 0x49, 0x42, 0x31, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The size of the text in bytes.
    public var textSizeBytes: Int
    /// BLAKE2b-512 of the text.
    public var textHash: [UInt8]
    /// The signatures in their order.
    public var slots: [SignatureSlot]

    /// Makes an envelope from its parts.
    public init(textSizeBytes: Int, textHash: [UInt8], slots: [SignatureSlot]) {
        self.textSizeBytes = textSizeBytes
        self.textHash = textHash
        self.slots = slots
    }

    /// Reads an envelope.
    ///
    /// - Parameters:
    ///   - bytes: the 4096 bytes.
    ///   - role: the role that signs the text behind it.
    ///   - slotCountMin: 1, or 0 where a text that nobody signed yet can be kept.
    /// - Throws: `BundleError.envelopeMalformed` with the offset of the field at fault.
    public init(
        decoding bytes: [UInt8],
        role: SigningRole = .release,
        slotCountMin: Int = 1
    ) throws(BundleError) {
        guard bytes.count == Envelope.sizeBytes else { throw .envelopeMalformed(offsetBytes: 0) }
        let cursor = ByteReader(bytes)
        guard [UInt8](bytes[0..<8]) == Envelope.magic else {
            throw .envelopeMalformed(offsetBytes: 0)
        }
        guard cursor.u16(8) == 1, cursor.u16(10) == 0, cursor.u32(12) == 4_096 else {
            throw .envelopeMalformed(offsetBytes: 8)
        }
        let size = cursor.u64(16)
        guard (1...UInt64(Envelope.manifestSizeMax)).contains(size) else {
            throw .envelopeMalformed(offsetBytes: 16)
        }
        let count = Int(cursor.u16(88))
        guard (slotCountMin...Envelope.slotCountMax).contains(count),
            cursor.u16(90) == Envelope.slotSizeBytes, cursor.u32(92) == 0
        else { throw .envelopeMalformed(offsetBytes: 88) }
        textSizeBytes = Int(size)
        textHash = [UInt8](bytes[24..<88])
        slots = try Envelope.decodeSlots(bytes, count: count, role: role)
    }

    private static func decodeSlots(
        _ bytes: [UInt8],
        count: Int,
        role: SigningRole
    ) throws(BundleError) -> [SignatureSlot] {
        var slots: [SignatureSlot] = []
        let cursor = ByteReader(bytes)
        for index in 0..<count {
            let start = slotsOffset + index * slotSizeBytes
            let slot = SignatureSlot(
                keyID: [UInt8](bytes[start..<start + 8]),
                role: role,
                signature: [UInt8](bytes[start + 16..<start + 80]),
                commentSignature: [UInt8](bytes[start + 80..<start + 144])
            )
            let isRepeated = slots.contains { $0.keyID == slot.keyID }
            guard cursor.u16(start + 8) == 1, bytes[start + 10] == role.rawValue,
                bytes[start + 11] == 0, cursor.u32(start + 12) == 0, !isRepeated
            else { throw .envelopeMalformed(offsetBytes: start) }
            slots.append(slot)
        }
        let end = slotsOffset + count * slotSizeBytes
        for offset in end..<sizeBytes where bytes[offset] != 0 {
            throw .envelopeMalformed(offsetBytes: offset)
        }
        return slots
    }

    /// The envelope's 4096 bytes.
    public func encoded() -> [UInt8] {
        precondition(slots.count <= Envelope.slotCountMax)
        var writer = ByteWriter()
        writer.append(Envelope.magic)
        writer.u16(1)
        writer.u16(0)
        writer.u32(UInt32(Envelope.sizeBytes))
        writer.u64(UInt64(textSizeBytes))
        writer.append(textHash)
        writer.u16(UInt16(slots.count))
        writer.u16(UInt16(Envelope.slotSizeBytes))
        writer.u32(0)
        for slot in slots {
            writer.append(slot.keyID)
            writer.u16(1)
            writer.append([slot.role.rawValue, 0])
            writer.u32(0)
            writer.append(slot.signature)
            writer.append(slot.commentSignature)
        }
        writer.zeros(until: Envelope.sizeBytes)
        return writer.bytes
    }
}
