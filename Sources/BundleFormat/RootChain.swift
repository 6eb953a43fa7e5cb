// How trust moves from one root to the next:
//
//   provisioned root N -- N+1 signed by N's and by N+1's root keys --> N+1 -- ... --> newest root
//
// Invariants: 1. only provisioning and a step make a `TrustedRoot`. 2. Every version is walked;
// none is skipped or repeated. 3. A step that is refused changes nothing. 4. A root that has
// expired may be passed on the way; whether the last one has is asked when something new is to be
// accepted.

/// A root that a device or a person believes.
public struct TrustedRoot: Sendable, Equatable {
    /// The document.
    public let root: Root
    /// BLAKE2b-512 of its text.
    public let textHash: [UInt8]
    /// Its own root keys that signed it.
    public let signers: [PublicKey]

    /// Takes the root that was put into a device when it was made, or that a person names.
    ///
    /// The caller vouches for the file; it must still bear its own threshold of signatures, so that
    /// a draft or a damaged file is not taken.
    ///
    /// - Throws: `TrustError`.
    public init(provisioned bytes: [UInt8]) throws(TrustError) {
        let document = try SignedDocument(decoding: bytes, kind: .root)
        try self.init(document, root: Root(decoding: document.text), knownKeys: [])
    }

    /// The root that follows this one.
    ///
    /// - Parameter bytes: the file, of which nothing is believed.
    /// - Returns: The next root, trusted.
    /// - Throws: `TrustError`. The text is read after this root's threshold was met.
    public func advanced(by bytes: [UInt8]) throws(TrustError) -> TrustedRoot {
        let document = try SignedDocument(decoding: bytes, kind: .root)
        let signers = try document.signers(among: root.root)
        guard signers.count >= root.root.threshold else {
            throw .untrusted(
                .root,
                rootVersion: root.version,
                validSignatures: signers.count,
                threshold: root.root.threshold
            )
        }
        let next = try Root(decoding: document.text)
        let (expected, isOver) = root.version.addingReportingOverflow(1)
        guard !isOver, next.version == expected else {
            throw .rootVersionMismatch(expected: expected, actual: next.version)
        }
        return try TrustedRoot(document, root: next, knownKeys: root.root.keys)
    }

    /// Checks the root's own threshold, and all comments of keys that are known.
    private init(
        _ document: SignedDocument,
        root: Root,
        knownKeys: [RootKey]
    ) throws(TrustError) {
        signers = try document.signers(among: root.root)
        guard signers.count >= root.root.threshold else {
            throw .untrusted(
                .root,
                rootVersion: root.version,
                validSignatures: signers.count,
                threshold: root.root.threshold
            )
        }
        let keys = (knownKeys + root.root.keys).map { $0.key }
        try document.checkComments(root.trustedComment, among: keys)
        self.root = root
        textHash = document.envelope.textHash
    }

    /// The keys whose signatures make a bundle acceptable, and what is revoked.
    public var trustedKeys: TrustedKeys? {
        TrustedKeys(
            releaseKeys: root.release.keys.map { $0.key },
            threshold: root.release.threshold,
            revokedContents: root.revokedContents
        )
    }

    /// Whether something new may be accepted under this root at a time in Unix seconds.
    ///
    /// - Throws: `TrustError.expired`.
    public func checkFresh(at time: UInt64) throws(TrustError) {
        guard root.notAfter == 0 || time <= root.notAfter else {
            throw .expired(notAfter: root.notAfter, time: time)
        }
    }
}

extension SignedDocument {
    /// The keys of a role that signed the text, each once.
    func signers(among role: RootRole) throws(TrustError) -> [PublicKey] {
        do throws(BundleError) {
            return try envelope.signers(among: role.keys.map { $0.key })
        } catch {
            throw TrustError(error)
        }
    }

    /// Checks the second signatures of keys that are known.
    func checkComments(_ comment: [UInt8], among keys: [PublicKey]) throws(TrustError) {
        do throws(BundleError) {
            try envelope.checkComments(comment, among: keys)
        } catch {
            throw TrustError(error)
        }
    }
}

/// A walk from a trusted root to newer ones, and what it does to what a device remembers.
public struct RootChain: Sendable {
    /// The newest root that is believed.
    public private(set) var current: TrustedRoot
    /// What the device remembers once it believes `current`.
    public private(set) var state: TrustState
    /// How many roots were walked.
    public private(set) var stepCount = 0

    /// Begins at the root that the device believes.
    public init(from current: TrustedRoot, state: TrustState) {
        self.current = current
        self.state = state.provisioned(with: current)
    }

    /// Takes the next root.
    ///
    /// - Throws: `TrustError`; the walk then stays where it was.
    public mutating func step(_ bytes: [UInt8]) throws(TrustError) {
        guard stepCount < RootLimits.stepCountMax else {
            throw .tooManySteps(limit: RootLimits.stepCountMax)
        }
        let next = try current.advanced(by: bytes)
        state = state.advanced(from: current, to: next)
        current = next
        stepCount += 1
    }
}
