import HTTPTypes
import Hummingbird
import NIOCore
import Telemetry

/// The two routes that devices use.
struct DevicePlane: Sendable {
    let ingest: Ingest
    let enrolment: Enrolment

    var routes: [Route] {
        [
            Route(.post, Wire.enrolmentPath.description) { call in
                let body = try await Self.body(
                    of: call.request,
                    type: Wire.enrolmentContentType,
                    sizeMax: Limits.enrolmentSizeBytes
                )
                let receipt = try await enrolment.accept(body)
                return Answer.record(receipt, contentType: Wire.receiptContentType)
            },
            Route(.post, Wire.batchPath.description) { call in
                let body = try await Problem.counting({ ingest.metrics.batch($0) }) {
                    try await Self.body(
                        of: call.request,
                        type: Wire.batchContentType,
                        sizeMax: Limits.batchSizeMax
                    )
                }
                let acknowledgement = try await ingest.accept(body)
                return Answer.record(
                    acknowledgement,
                    contentType: Wire.acknowledgementContentType
                )
            },
        ]
    }

    /// The bytes of a body of the right type and size.
    private static func body(
        of request: Request,
        type: StaticString,
        sizeMax: Int
    ) async throws -> [UInt8] {
        let stated = request.headers[.contentType]?.split(separator: ";").first
        guard stated.map(String.init)?.lowercased() == type.description else {
            throw Problem(.contentTypeUnsupported, "expected \(type)")
        }
        if let length = request.headers[.contentLength].flatMap(Int.init), length > sizeMax {
            throw Problem(.bodyTooLarge, "at most \(sizeMax) bytes")
        }
        do {
            let buffer = try await request.body.collect(upTo: sizeMax)
            return [UInt8](buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem(.bodyTooLarge, "at most \(sizeMax) bytes")
        } catch {
            // The client went away, or broke the framing of its body.
            throw Problem(.bodyIncomplete)
        }
    }
}
