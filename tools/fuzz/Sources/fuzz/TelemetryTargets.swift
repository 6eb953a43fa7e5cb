import Telemetry

extension Fuzz {
    /// Whatever is read must write back to the same bytes: there is one coding.
    static func telemetry(_ bytes: [UInt8]) {
        if let report = try? Report(decoding: bytes), report.encoded() != bytes {
            fatalError("one report, two codings")
        }
        if let header = try? BatchHeader(decoding: bytes),
            header.encoded() != [UInt8](bytes.prefix(BatchHeader.sizeBytes))
        {
            fatalError("one batch head, two codings")
        }
        if let record = try? Acknowledgement(decoding: bytes),
            record.signedBytes() != [UInt8](bytes.prefix(Acknowledgement.signedSizeBytes))
        {
            fatalError("one acknowledgement, two codings")
        }
        if let request = try? EnrolmentRequest(decoding: bytes),
            request.signedBytes() != [UInt8](bytes.prefix(EnrolmentRequest.signedSizeBytes))
        {
            fatalError("one request, two codings")
        }
        _ = try? EnrolmentReceipt(decoding: bytes)
        _ = CollectorIdentity(line: bytes)
        _ = SpoolFrame.decodeAll(bytes)
    }
}
