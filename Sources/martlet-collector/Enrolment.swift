import BundleFormat
import Logging
import Telemetry

/// Makes devices known that show a token.
struct Enrolment: Sendable {
    let keys: CollectorKeys
    let store: TelemetryStore
    let metrics: CollectorMetrics
    let logger: Logger

    /// Makes a device known.
    ///
    /// - Returns: The signed receipt, when the device is stored.
    /// - Throws: `Problem`, or `CollectorError` when the storage fails.
    func accept(_ body: [UInt8]) async throws -> [UInt8] {
        try await Problem.counting(metrics.enrolment) {
            let receipt = try await enrol(try request(in: body))
            metrics.enrolment("enrolled")
            return keys.signed(receipt.signedBytes(), domain: Wire.receiptDomain)
        }
    }

    private func request(in body: [UInt8]) throws -> EnrolmentRequest {
        guard body.count == Limits.enrolmentSizeBytes else {
            throw Problem(.enrolmentMalformed, "size")
        }
        guard [UInt8](body.prefix(Wire.collectorKeyIDSizeBytes)) == keys.keyID else {
            throw Problem(.collectorMismatch)
        }
        guard let record = keys.open([UInt8](body.dropFirst(Wire.collectorKeyIDSizeBytes))) else {
            throw Problem(.enrolmentMalformed, "the request cannot be opened")
        }
        do {
            let request = try EnrolmentRequest(decoding: record)
            let signedSize = EnrolmentRequest.signedSizeBytes
            guard let key = PublicKey(request.publicKey),
                key.isValid(
                    signature: [UInt8](record[signedSize...]),
                    of: Wire.enrolmentDomain + record[..<signedSize]
                )
            else { throw Problem(.signatureInvalid) }
            return request
        } catch let error as WireError {
            throw Problem(.enrolmentMalformed, "\(error)")
        }
    }

    private func enrol(_ request: EnrolmentRequest) async throws -> EnrolmentReceipt {
        let deviceID = [UInt8](
            Sodium.blake2b(request.publicKey).prefix(Wire.deviceIDSizeBytes)
        )
        let outcome = try await store.enrol(
            deviceID,
            publicKey: request.publicKey,
            name: Self.printable(request.name),
            tokenHash: Sodium.blake2b(request.token),
            now: ServerTime.now()
        )
        switch outcome {
        case .tokenInvalid: throw Problem(.tokenInvalid)
        case .revoked: throw Problem(.deviceRevoked)
        case .enrolled:
            logger.info("a device is enrolled", metadata: ["device": "\(hexText(deviceID))"])
        }
        return EnrolmentReceipt(
            deviceID: deviceID,
            nonce: request.nonce,
            serverTimeMilliseconds: UInt64(clamping: ServerTime.now())
        )
    }

    /// A device's name without what would move a terminal's cursor or turn text around.
    static func printable(_ name: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: name, as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                text.append("\u{FFFD}")
            default: text.append(scalar)
            }
        }
        return String(text)
    }
}
