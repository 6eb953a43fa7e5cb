// What travels between device and collector. Every record has a fixed head, little-endian, whose
// unused bytes are zero, and an Ed25519 signature over a domain string and all bytes before it, so
// that no record can stand for another kind. Signing and sealing are the callers'.
//
//   batch            POST /d/1/batch   head 96 | sealed frames | signature 64
//   acknowledgement  its reply         head 128 | signature 64
//   enrolment        POST /d/1/enrol   collector key id 8 | sealed (head 192 | signature 64)
//   receipt          its reply         head 128 | signature 64

/// Names and limits of the wire.
public enum Wire {
    /// The version of all records.
    public static let version: UInt16 = 1
    /// The largest batch: a week of five-minute reports of a small model.
    public static let batchSizeMax = 1 << 20
    /// The size of a signature in bytes.
    public static let signatureSizeBytes = 64
    /// The size of a device id: the first bytes of BLAKE2b-256 of the device's public key.
    public static let deviceIDSizeBytes = 16
    /// The size of a collector's key id: the first bytes of BLAKE2b-256 of both public keys.
    public static let collectorKeyIDSizeBytes = 8

    /// The path and content type of batches.
    public static let batchPath: StaticString = "/d/1/batch"
    /// The content type of batches.
    public static let batchContentType: StaticString = "application/vnd.martlet.batch"
    /// The content type of acknowledgements.
    public static let acknowledgementContentType: StaticString = "application/vnd.martlet.ack"
    /// The path of enrolment.
    public static let enrolmentPath: StaticString = "/d/1/enrol"
    /// The content type of enrolment requests.
    public static let enrolmentContentType: StaticString = "application/vnd.martlet.enrol"
    /// The content type of enrolment receipts.
    public static let receiptContentType: StaticString = "application/vnd.martlet.enrolled"

    /// The bytes before a record in the message that its signature covers.
    public static let batchDomain: [UInt8] = [UInt8]("martlet-batch/1".utf8)
    /// The domain of acknowledgements.
    public static let acknowledgementDomain: [UInt8] = [UInt8]("martlet-ack/1".utf8)
    /// The domain of enrolment requests.
    public static let enrolmentDomain: [UInt8] = [UInt8]("martlet-enrol/1".utf8)
    /// The domain of enrolment receipts.
    public static let receiptDomain: [UInt8] = [UInt8]("martlet-enrolled/1".utf8)
}

/// Why a record cannot be read.
public enum WireError: Error, Sendable, Equatable {
    /// The record has another size than its kind.
    case sizeMismatch(sizeBytes: Int, expectedBytes: Int)
    /// The record does not begin with its kind's magic.
    case magicMismatch
    /// The record has a version that this reader does not know.
    case versionUnknown(UInt16)
    /// A field breaks a rule; the offset is its place in the record.
    case fieldOutOfRange(offsetBytes: Int)
}
