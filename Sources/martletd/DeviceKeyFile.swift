// device.key: "MLTDKEY1" | seed 32 | the first 8 bytes of BLAKE2b-256 of the 40 before.

import AgentProtocol
import BundleFormat
import CPlatform

/// The device's identity, made on the first start; it never leaves the device.
enum DeviceKeyFile {
    private static let sizeBytes = 48

    /// The identity in a state directory; a new one if there is none.
    static func open(_ directory: borrowing StateDirectory) throws(AgentError) -> IdentityKeyPair {
        guard Names.exists(directory.key) else { return try make(directory) }
        return try read(directory)
    }

    /// The identity that is there.
    static func read(_ directory: borrowing StateDirectory) throws(AgentError) -> IdentityKeyPair {
        let file = try OwnedFile(directory.key, how: platform_open_read)
        guard try file.status().permissions & 0o077 == 0 else {
            throw .keyExposed(directory.key)
        }
        let bytes = try file.beginning(count: sizeBytes + 1)
        guard bytes.count == sizeBytes, checked([UInt8](bytes[8..<40])) == bytes,
            let key = IdentityKeyPair(seed: [UInt8](bytes[8..<40]))
        else { throw .deviceKeyMalformed(directory.key) }
        return key
    }

    private static func make(
        _ directory: borrowing StateDirectory
    ) throws(AgentError) -> IdentityKeyPair {
        let key = IdentityKeyPair()
        let temporary = directory.path.appending("/device.key.new")
        do throws(AgentError) {
            try Names.remove(temporary)
            let how = platform_open_write | platform_open_create | platform_open_exclusive
            let file = try OwnedFile(temporary, how: how, permissions: 0o600)
            try file.write(checked(key.seed), at: 0)
            try file.synchronize()
            try Names.publish(temporary, as: directory.key, in: directory.path)
        } catch {
            try? Names.remove(temporary)
            throw error
        }
        return key
    }

    private static func checked(_ seed: [UInt8]) -> [UInt8] {
        let head = TextLine("MLTDKEY1").bytes + seed
        return head + Sodium.blake2b(head).prefix(8)
    }
}
