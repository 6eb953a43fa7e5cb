/// Everything that may be wrong with a request, with its stable name.
enum ProblemCode: String, CaseIterable, Sendable {
    case batchMalformed = "batch-malformed"
    case enrolmentMalformed = "enrolment-malformed"
    case queryMalformed = "query-malformed"
    case bodyIncomplete = "body-incomplete"
    case deviceUnknown = "device-unknown"
    case signatureInvalid = "signature-invalid"
    case deviceRevoked = "device-revoked"
    case tokenInvalid = "token-invalid"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case batchForked = "batch-forked"
    case bodyTooLarge = "body-too-large"
    case contentTypeUnsupported = "content-type-unsupported"
    case collectorMismatch = "collector-mismatch"
    case internalError = "internal-error"
    case queueFull = "queue-full"
    case storageUnavailable = "storage-unavailable"

    /// The HTTP status that goes with the code.
    var status: Int {
        switch self {
        case .batchMalformed, .enrolmentMalformed, .queryMalformed, .bodyIncomplete: 400
        case .deviceUnknown, .signatureInvalid: 401
        case .deviceRevoked, .tokenInvalid: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .batchForked: 409
        case .bodyTooLarge: 413
        case .contentTypeUnsupported: 415
        case .collectorMismatch: 421
        case .internalError: 500
        case .queueFull, .storageUnavailable: 503
        }
    }

    /// What is wrong, for people.
    var title: String {
        switch self {
        case .batchMalformed: "The batch is not one"
        case .enrolmentMalformed: "The enrolment request is not one"
        case .queryMalformed: "A query parameter cannot be used"
        case .bodyIncomplete: "The body did not arrive whole"
        case .deviceUnknown: "The device is not enrolled"
        case .signatureInvalid: "The signature is not the device's"
        case .deviceRevoked: "The device may not report any more"
        case .tokenInvalid: "The token cannot be used"
        case .notFound: "There is nothing here"
        case .methodNotAllowed: "The method cannot be used here"
        case .batchForked: "The device's history contradicts what is stored"
        case .bodyTooLarge: "The body is too large"
        case .contentTypeUnsupported: "The content type cannot be used here"
        case .collectorMismatch: "The request is sealed to another collector"
        case .internalError: "The collector made a mistake"
        case .queueFull: "Too many batches wait to be stored"
        case .storageUnavailable: "The reports cannot be stored now"
        }
    }

    /// After how many seconds a client should try again.
    var retryAfterSeconds: Int? {
        switch self {
        case .queueFull: 1
        // A full or failing disk does not heal in a second.
        case .storageUnavailable: 5
        default: nil
        }
    }
}

/// Why a request was refused (RFC 9457).
struct Problem: Error, Sendable, Equatable {
    let code: ProblemCode
    /// What is wrong with this request; never a secret and nothing of the inside.
    var detail: String?

    init(_ code: ProblemCode, _ detail: String? = nil) {
        self.code = code
        self.detail = detail
    }

    /// Does something, and counts why when it fails.
    ///
    /// - Throws: what `body` throws; another error than a `Problem` counts as the storage's.
    static func counting<Value>(
        _ count: (String) -> Void,
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch {
            count(((error as? Problem)?.code ?? .storageUnavailable).rawValue)
            throw error
        }
    }
}
