import Synchronization

/// The public keys of devices that reported lately.
///
/// A device's id is its key's hash, so a remembered key is never wrong. That a device was revoked
/// is not remembered here: the transaction that stores a batch looks it up again.
final class KnownDevices: Sendable {
    // A class, because all requests share it.
    private let store: TelemetryStore
    private let keys = Mutex<[[UInt8]: [UInt8]]>([:])

    /// Makes an empty memory of a store's devices.
    init(store: TelemetryStore) { self.store = store }

    /// The public key of a device; `nil` when it is not known.
    ///
    /// - Throws: `Problem` when the device was revoked, `CollectorError` when the storage fails.
    func publicKey(of deviceID: [UInt8]) async throws -> [UInt8]? {
        if let key = keys.withLock({ $0[deviceID] }) { return key }
        guard let device = try await store.knownDevice(deviceID) else { return nil }
        guard !device.isRevoked else { throw Problem(.deviceRevoked) }
        keys.withLock { keys in
            if keys.count >= Limits.knownDeviceCountMax { keys.removeAll(keepingCapacity: true) }
            keys[deviceID] = device.publicKey
        }
        return device.publicKey
    }

    /// Forgets a device, so that it is looked up again.
    func forget(_ deviceID: [UInt8]) { keys.withLock { $0[deviceID] = nil } }
}
