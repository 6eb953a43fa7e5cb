/// A device's request to be known, sealed to the collector.
///
///     0 "MLTE" | 4 u16 version | 6 u16 zero | 8 device public key 32 | 40 token 32 | 72 nonce 32
///     | 104 u8 name length | 105 name 63 | 168 zero to 192 | 192 signature 64
public struct EnrolmentRequest: Sendable, Equatable {
    /// The size of the signed part, and of the whole record before sealing, in bytes.
    public static let signedSizeBytes = 192, sizeBytes = 256
    /// The longest name in UTF-8 bytes.
    public static let nameSizeMax = 63
    static let magic: [UInt8] = [0x4D, 0x4C, 0x54, 0x45]

    /// The device's Ed25519 public key.
    public var publicKey: [UInt8]
    /// The one-time token that an operator gave.
    public var token: [UInt8]
    /// A random number that binds the receipt to this request.
    public var nonce: [UInt8]
    /// The device's name for people, UTF-8; hostile until it is escaped.
    public var name: [UInt8]

    /// Makes a request from its parts.
    public init(publicKey: [UInt8], token: [UInt8], nonce: [UInt8], name: [UInt8]) {
        self.publicKey = publicKey
        self.token = token
        self.nonce = nonce
        self.name = name
    }

    /// Reads a record whose signature the caller checks over the domain and the first 192 bytes.
    ///
    /// - Throws: `WireError` when the size or a field breaks a rule.
    public init(decoding record: [UInt8]) throws(WireError) {
        guard record.count == EnrolmentRequest.sizeBytes else {
            throw .sizeMismatch(
                sizeBytes: record.count,
                expectedBytes: EnrolmentRequest.sizeBytes
            )
        }
        let reader = try ByteReader(record, magic: EnrolmentRequest.magic)
        guard reader.u16(6) == 0 else { throw .fieldOutOfRange(offsetBytes: 6) }
        let nameSize = Int(record[104])
        guard nameSize <= EnrolmentRequest.nameSizeMax,
            reader.isZero(from: 105 + nameSize, to: EnrolmentRequest.signedSizeBytes)
        else { throw .fieldOutOfRange(offsetBytes: 104) }
        publicKey = reader.bytes(8, count: 32)
        token = reader.bytes(40, count: 32)
        nonce = reader.bytes(72, count: 32)
        name = reader.bytes(105, count: nameSize)
    }

    /// The 192 bytes that the signature covers, after the domain.
    public func signedBytes() -> [UInt8] {
        precondition(publicKey.count == 32 && token.count == 32 && nonce.count == 32)
        precondition(name.count <= EnrolmentRequest.nameSizeMax)
        var writer = ByteWriter(magic: EnrolmentRequest.magic)
        writer.append(publicKey)
        writer.append(token)
        writer.append(nonce)
        writer.u8(UInt8(name.count))
        writer.append(name)
        writer.zeros(until: EnrolmentRequest.signedSizeBytes)
        return writer.bytes
    }
}

/// The collector's signed answer to an enrolment.
///
///     0 "MLTR" | 4 u16 version | 6 u16 zero | 8 device id 16 | 24 nonce 32 | 56 u64 server time ms
///     | 64 zero to 128 | 128 signature 64
public struct EnrolmentReceipt: Sendable, Equatable {
    /// The size of the signed part, and of the whole record, in bytes.
    public static let signedSizeBytes = 128, sizeBytes = 192
    static let magic: [UInt8] = [0x4D, 0x4C, 0x54, 0x52]

    /// The id under which the device is known.
    public var deviceID: [UInt8]
    /// The request's nonce.
    public var nonce: [UInt8]
    /// The collector's clock in Unix milliseconds.
    public var serverTimeMilliseconds: UInt64

    /// Makes a receipt from its parts.
    public init(deviceID: [UInt8], nonce: [UInt8], serverTimeMilliseconds: UInt64) {
        self.deviceID = deviceID
        self.nonce = nonce
        self.serverTimeMilliseconds = serverTimeMilliseconds
    }

    /// Reads a record whose signature the caller checks over the domain and the first 128 bytes.
    ///
    /// - Throws: `WireError` when the size or a field breaks a rule.
    public init(decoding record: [UInt8]) throws(WireError) {
        guard record.count == EnrolmentReceipt.sizeBytes else {
            throw .sizeMismatch(
                sizeBytes: record.count,
                expectedBytes: EnrolmentReceipt.sizeBytes
            )
        }
        let reader = try ByteReader(record, magic: EnrolmentReceipt.magic)
        guard reader.u16(6) == 0 else { throw .fieldOutOfRange(offsetBytes: 6) }
        guard reader.isZero(from: 64, to: EnrolmentReceipt.signedSizeBytes) else {
            throw .fieldOutOfRange(offsetBytes: 64)
        }
        deviceID = reader.bytes(8, count: Wire.deviceIDSizeBytes)
        nonce = reader.bytes(24, count: 32)
        serverTimeMilliseconds = reader.u64(56)
    }

    /// The 128 bytes that the signature covers, after the domain.
    public func signedBytes() -> [UInt8] {
        precondition(deviceID.count == Wire.deviceIDSizeBytes && nonce.count == 32)
        var writer = ByteWriter(magic: EnrolmentReceipt.magic)
        writer.append(deviceID)
        writer.append(nonce)
        writer.u64(serverTimeMilliseconds)
        writer.zeros(until: EnrolmentReceipt.signedSizeBytes)
        return writer.bytes
    }
}
