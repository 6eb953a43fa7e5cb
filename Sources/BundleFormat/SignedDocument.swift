// A trust document as a file:
//
//   0      envelope, 4096 bytes (Envelope.swift), its slots of the role that signs such a document
//   4096   text, to the end of the file; the first line is the document's type
//
// Invariants: 1. the file ends where the envelope says that the text does. 2. The type line is
// under the signature, so that a signature on one kind of document is worthless on another.

/// The kinds of trust documents.
public enum DocumentKind: UInt8, Sendable {
    /// Which keys have which role: `eib-root/1`.
    case root
    /// What the devices of a product line should run: `eib-channel/1`.
    case channel

    /// The first line of the text.
    public var typeLine: StaticString {
        switch self {
        case .root: "eib-root/1"
        case .channel: "eib-channel/1"
        }
    }

    /// The role whose keys sign it.
    public var role: SigningRole {
        switch self {
        case .root: .root
        case .channel: .channel
        }
    }

    /// The largest text in bytes; each kind says why.
    public var textSizeMax: Int {
        switch self {
        case .root: RootLimits.textSizeMax
        case .channel: ChannelLimits.textSizeMax
        }
    }
}

/// A trust document of which the form of the envelope is known, and nothing else.
public struct SignedDocument: Sendable, Equatable {
    /// What the text is.
    public let kind: DocumentKind
    /// The text's size and hash, and the signatures.
    public var envelope: Envelope
    /// The bytes that are signed.
    public let text: [UInt8]

    /// Makes a document of a text that nobody signed yet.
    public init(kind: DocumentKind, text: [UInt8]) {
        precondition((1...kind.textSizeMax).contains(text.count))
        self.kind = kind
        self.text = text
        envelope = Envelope(
            textSizeBytes: text.count,
            textHash: Sodium.blake2b(text, sizeBytes: 64),
            slots: []
        )
    }

    /// Takes a file apart.
    ///
    /// - Throws: `TrustError`: sizes, envelope, hash or type.
    public init(decoding bytes: [UInt8], kind: DocumentKind) throws(TrustError) {
        let limit = Envelope.sizeBytes + kind.textSizeMax
        guard (Envelope.sizeBytes + 1...limit).contains(bytes.count) else {
            throw .sizeOutOfRange(sizeBytes: bytes.count, limitBytes: limit)
        }
        let envelope: Envelope
        do throws(BundleError) {
            envelope = try Envelope(
                decoding: [UInt8](bytes[..<Envelope.sizeBytes]),
                role: kind.role,
                slotCountMin: 0
            )
        } catch {
            throw TrustError(error)
        }
        let expected = Envelope.sizeBytes + envelope.textSizeBytes
        guard bytes.count == expected else {
            throw .sizeMismatch(expectedSizeBytes: expected, actualSizeBytes: bytes.count)
        }
        let text = [UInt8](bytes[Envelope.sizeBytes...])
        guard Sodium.blake2b(text, sizeBytes: 64) == envelope.textHash else {
            throw .hashMismatch
        }
        guard SignedDocument.begins(text[...], with: kind.typeLine) else {
            throw .wrongType(expected: kind)
        }
        self.kind = kind
        self.envelope = envelope
        self.text = text
    }

    /// The bytes of the file.
    public func encoded() -> [UInt8] { envelope.encoded() + text }

    /// What a file claims to be by its first bytes; `nil` for anything but a trust document.
    public static func claimedKind(of bytes: [UInt8]) -> DocumentKind? {
        guard bytes.count > Envelope.sizeBytes, bytes.starts(with: Envelope.magic) else {
            return nil
        }
        let text = bytes[Envelope.sizeBytes...]
        if begins(text, with: DocumentKind.root.typeLine) { return .root }
        return begins(text, with: DocumentKind.channel.typeLine) ? .channel : nil
    }

    private static func begins(_ text: ArraySlice<UInt8>, with type: StaticString) -> Bool {
        let count = type.utf8CodeUnitCount
        let isEqual = type.withUTF8Buffer { type in
            unsafe text.prefix(count).elementsEqual(type)
        }
        return isEqual && text.dropFirst(count).first == 0x0A
    }
}
