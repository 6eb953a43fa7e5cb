public import BundleFormat

/// Why a root cannot be written as asked.
public enum RootDraftError: Error, Sendable, Equatable {
    /// A name is not made of `a`...`z`, `0`...`9`, `.`, `_`, `-`.
    case nameInvalid(String)
    /// A name is given to two keys.
    case nameRepeated(String)
    /// A key would stand in a root twice.
    case keyRepeated(name: String)
    /// The key is revoked and may not come back.
    case keyRevoked(name: String)
    /// No key of the root has this name.
    case keyUnknown(String)
    /// The role would need more signatures than it has keys, or none.
    case thresholdOutOfRange(SigningRole, threshold: Int, keyCount: Int)
    /// The role has more keys than an envelope has slots, or the root more of a list than it may.
    case tooMany(limit: Int)
    /// The text would break a rule of its form in this line.
    case textInvalid(line: Int)
}

/// A root that is being written: a new one or the successor of another.
public struct RootDraft: Sendable {
    /// The root as it would be signed, once `finished()` has checked it.
    public private(set) var root: Root

    /// Begins the first root of a chain.
    public init() {
        let empty = RootRole(threshold: 1, keys: [])
        root = Root(root: empty, release: empty)
    }

    /// Begins the root that follows another; all keys, thresholds and revocations are kept.
    public init(following previous: Root) {
        root = previous
        root.version += previous.version == .max ? 0 : 1
    }

    /// Sets when the root begins and ends, in Unix seconds; an end of 0 means never.
    public mutating func setLifetime(created: UInt64, notAfter: UInt64) {
        root.created = created
        root.notAfter = notAfter
    }

    /// Sets how many keys of a role must sign.
    public mutating func setThreshold(_ threshold: Int, of role: SigningRole) {
        var entry = root[role] ?? RootRole(threshold: 1, keys: [])
        entry.threshold = threshold
        root[role] = entry
    }

    /// Gives a role to a key.
    ///
    /// - Throws: `RootDraftError`: the key or the name stands there already, or is revoked.
    public mutating func add(
        _ key: PublicKey,
        named name: String,
        to role: SigningRole
    ) throws(RootDraftError) {
        let bytes = [UInt8](name.utf8)
        for other in SigningRole.listed {
            for entry in root[other]?.keys ?? [] {
                guard entry.key != key else { throw .keyRepeated(name: name) }
                guard entry.name != bytes else { throw .nameRepeated(name) }
            }
        }
        guard !root.revokedKeys.contains(key) else { throw .keyRevoked(name: name) }
        guard Root.isName(bytes) else { throw .nameInvalid(name) }
        var entry = root[role] ?? RootRole(threshold: 1, keys: [])
        guard entry.keys.count < RootLimits.keyCountMax else {
            throw .tooMany(limit: RootLimits.keyCountMax)
        }
        entry.keys.append(RootKey(key: key, name: bytes))
        entry.keys.sort { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        root[role] = entry
    }

    /// Takes a key's role away.
    ///
    /// - Parameter name: the key's name or its 64 hexadecimal digits.
    /// - Returns: The key.
    /// - Throws: `RootDraftError.keyUnknown`.
    @discardableResult
    public mutating func remove(_ name: String) throws(RootDraftError) -> PublicKey {
        for role in SigningRole.listed {
            guard var entry = root[role] else { continue }
            let index = entry.keys.firstIndex {
                $0.name == [UInt8](name.utf8) || KeyFile.hex($0.key.bytes).lowercased() == name
            }
            guard let index else { continue }
            let key = entry.keys.remove(at: index).key
            let isGone = entry.keys.isEmpty && (role == .channel || role == .delta)
            root[role] = isGone ? nil : entry
            return key
        }
        throw .keyUnknown(name)
    }

    /// Takes a key's role away for good.
    ///
    /// - Throws: `RootDraftError`.
    public mutating func revoke(keyNamed name: String) throws(RootDraftError) {
        revoke(try remove(name))
    }

    /// Bars a key that has no role in this root from ever having one.
    public mutating func revoke(_ key: PublicKey) {
        guard !root.revokedKeys.contains(key) else { return }
        root.revokedKeys.append(key)
        root.revokedKeys.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Bars a content from being installed or run.
    ///
    /// - Parameter content: BLAKE2b-256 of the image.
    public mutating func revoke(content: [UInt8]) {
        guard !root.revokedContents.contains(content) else { return }
        root.revokedContents.append(content)
        root.revokedContents.sort { $0.lexicographicallyPrecedes($1) }
    }

    /// The document to be signed, read back as a device would.
    ///
    /// - Throws: `RootDraftError`.
    public func finished() throws(RootDraftError) -> SignedDocument {
        for role in SigningRole.listed {
            guard let entry = root[role] else { continue }
            guard (1...max(1, entry.keys.count)).contains(entry.threshold), !entry.keys.isEmpty
            else {
                throw .thresholdOutOfRange(
                    role,
                    threshold: entry.threshold,
                    keyCount: entry.keys.count
                )
            }
        }
        guard root.revokedKeys.count <= RootLimits.revokedKeyCountMax else {
            throw .tooMany(limit: RootLimits.revokedKeyCountMax)
        }
        guard root.revokedContents.count <= RootLimits.revokedContentCountMax else {
            throw .tooMany(limit: RootLimits.revokedContentCountMax)
        }
        let text = root.encoded()
        do throws(TrustError) {
            guard try Root(decoding: text) == root else { throw TrustError.textMalformed(line: 0) }
        } catch {
            guard case .textMalformed(let line) = error else { throw .textInvalid(line: 0) }
            throw .textInvalid(line: line)
        }
        return SignedDocument(kind: .root, text: text)
    }
}
