// The one door to libsodium for hashing, verifying, identities and sealing, on device and host.
// Release keys are neither made nor used here: Packager/Signing does that, on the host alone.

import CSodium

/// Cryptographic primitives, each libsodium's own.
public enum Sodium {
    /// Prepares libsodium.
    ///
    /// Call it first in a process; more calls and other threads do no harm.
    ///
    /// - Returns: False when the system has no source of randomness; nothing may be used then.
    public static func initialize() -> Bool {
        sodium_init() >= 0
    }

    /// New bytes from the kernel's random generator.
    public static func randomBytes(count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Safe: the array has `count` bytes.
        unsafe randombytes_buf(&bytes, count)
        return bytes
    }

    /// Whether two byte strings are equal, in a time that depends on their lengths only.
    public static func isEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        guard first.count == second.count else { return false }
        var difference: UInt8 = 0
        for index in first.indices { difference |= first[index] ^ second[index] }
        return difference == 0
    }

    /// Overwrites secret bytes with zeros in a way that is not optimised away.
    public static func wipe(_ bytes: inout [UInt8]) {
        let count = bytes.count
        // Safe: the array has `count` bytes.
        unsafe sodium_memzero(&bytes, count)
    }

    /// BLAKE2b without a key (RFC 7693).
    ///
    /// - Parameters:
    ///   - bytes: the message.
    ///   - sizeBytes: the size of the hash, 32 or 64 here; libsodium allows 16...64.
    /// - Returns: The hash.
    public static func blake2b(_ bytes: UnsafeRawBufferPointer, sizeBytes: Int = 32) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: sizeBytes)
        // Safe: the message pointer travels with its own buffer's count (an empty message has a
        // nil pointer, which libsodium allows); the hash array has `sizeBytes` bytes.
        unsafe crypto_generichash(
            &hash,
            sizeBytes,
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt64(bytes.count),
            nil,
            0
        )
        return hash
    }

    /// BLAKE2b without a key (RFC 7693).
    public static func blake2b(_ bytes: [UInt8], sizeBytes: Int = 32) -> [UInt8] {
        // Safe: the buffer lives as long as the call.
        unsafe bytes.withUnsafeBytes { unsafe blake2b($0, sizeBytes: sizeBytes) }
    }
}

/// BLAKE2b over a message that arrives in pieces.
@safe public struct StreamingHash: ~Copyable {
    /// The memory of a `crypto_generichash_state`, which Swift cannot name.
    private let storage: UnsafeMutableRawPointer
    private let sizeBytes: Int

    /// Starts a hash of 32 or 64 bytes.
    public init(sizeBytes: Int = 32) {
        self.sizeBytes = sizeBytes
        // Safe: the storage has the size and alignment that libsodium asks for.
        unsafe storage = .allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
        unsafe crypto_generichash_init(OpaquePointer(storage), nil, 0, sizeBytes)
    }

    /// Adds the next piece of the message.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // Safe: the pointer travels with its own buffer's count.
        unsafe crypto_generichash_update(
            OpaquePointer(storage),
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt64(bytes.count)
        )
    }

    /// Adds the next piece of the message.
    public mutating func update(_ bytes: [UInt8]) {
        // Safe: the buffer lives as long as the call.
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The hash of all pieces in their order.
    public consuming func finish() -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: sizeBytes)
        // Safe: the array has `sizeBytes` bytes, the size given at the start.
        unsafe crypto_generichash_final(OpaquePointer(storage), &hash, sizeBytes)
        return hash
    }

    deinit { unsafe storage.deallocate() }
}
