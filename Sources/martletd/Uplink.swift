import AgentProtocol
import BundleFormat
import CPlatform
import Telemetry

/// Sends what waits in the spool, in steps of the agent's loop.
///
/// waiting(until) -> enrolling -> waiting -> sending -> waiting. Nothing blocks: inference goes on
/// whatever the collector does. Frames are freed by a signed acknowledgement only.
struct Uplink {
    private enum Task {
        case enrolling(nonce: [UInt8])
        case sending(SpoolBatch, hash: [UInt8])
    }

    /// What an exchange changed.
    enum Change {
        case nothing
        /// The collector knows the device now.
        case enrolled
        /// The collector does not know the device any more.
        case forgotten
        /// Frames up to here are stored and may be freed.
        case acknowledged(FramePosition)
    }

    let peer: CollectorPeer
    private let address: CollectorAddress
    private let token: [UInt8]?
    private let limits: Configuration.Limits
    private var backoff: Backoff
    private var task: Task?
    private var exchange: HTTPExchange?
    private var hasSaidWhy = false
    /// When to try again, on the monotonic clock.
    private var wakeTime: Int64 = 0

    init(
        _ settings: CollectorSettings,
        limits: Configuration.Limits,
        device: IdentityKeyPair
    ) throws(AgentError) {
        let text = try OwnedFile(settings.identity, how: platform_open_read)
            .contents(sizeMax: 1_024)
        guard let identity = CollectorIdentity(line: text),
            let peer = CollectorPeer(identity, device: device)
        else { throw .identityMalformed(settings.identity) }
        self.peer = peer
        address = settings.address
        token = try Uplink.readToken(settings.token)
        self.limits = limits
        backoff = Backoff(limits)
    }

    /// The token; `nil` when none is configured or its file is gone, as it may be once it is used.
    private static func readToken(_ path: Path?) throws(AgentError) -> [UInt8]? {
        guard let path, Names.exists(path) else { return nil }
        var text = try OwnedFile(path, how: platform_open_read).contents(sizeMax: 1_024)
        while let last = text.last, last == 0x0A || last == 0x0D || last == 0x20 {
            text.removeLast()
        }
        guard let token = Hexadecimal.decode(text[...]), token.count == 32 else {
            throw .tokenMalformed(path)
        }
        return token
    }

    /// The socket to wait for, or -1.
    var descriptor: Int32 { exchange?.descriptor ?? -1 }
    /// What to wait for.
    var events: Int16 { exchange?.events ?? 0 }
    /// Whether an exchange is under way.
    var isBusy: Bool { task != nil }
    /// Failures since the last success.
    var failureCount: UInt64 { backoff.failureCount }
    /// Whether the device can make itself known.
    var hasToken: Bool { token != nil }

    /// When to call `begin` or `expire` again.
    func deadline(hasWork: Bool) -> Int64 {
        if let deadline = exchange?.deadline { return deadline }
        return hasWork ? wakeTime : .max
    }

    /// Forgets the back-off, for a last attempt.
    mutating func wakeNow() { wakeTime = 0 }

    /// Whether the next exchange may begin.
    func isReady(now: Int64) -> Bool { !isBusy && now >= wakeTime }

    /// Begins an enrolment: when the device is not enrolled and has a token.
    mutating func beginEnrolment(now: Int64) {
        guard let token else { return }
        let nonce = Sodium.randomBytes(count: 32)
        guard let body = peer.enrolment(token: token, nonce: nonce, name: limits.name) else {
            return fail(nil, now: now)
        }
        begin(.enrolling(nonce: nonce), Wire.enrolmentPath, Wire.enrolmentContentType, body, now)
    }

    /// Begins to send frames of one boot.
    mutating func begin(_ batch: SpoolBatch, nonce: UInt64, now: Int64) {
        guard let body = peer.seal(batch, nonce: nonce) else { return fail(nil, now: now) }
        let task = Task.sending(batch, hash: Sodium.blake2b(body))
        begin(task, Wire.batchPath, Wire.batchContentType, body, now)
    }

    private mutating func begin(
        _ task: Task,
        _ path: StaticString,
        _ contentType: StaticString,
        _ body: [UInt8],
        _ now: Int64
    ) {
        exchange = HTTPExchange(
            address,
            path: path,
            contentType: contentType,
            body: body,
            deadline: now + Int64(limits.uplinkTimeout) * 1_000_000
        )
        if exchange == nil {
            fail(nil, now: now)
        } else {
            self.task = task
        }
    }

    /// Gives up an exchange whose time is over.
    mutating func expire(now: Int64) {
        guard let deadline = exchange?.deadline, now >= deadline else { return }
        fail(nil, now: now)
    }

    /// Goes on after the socket became ready.
    mutating func advance(now: Int64) -> Change {
        guard let task, let outcome = exchange?.advance() else { return .nothing }
        switch outcome {
        case .pending: return .nothing
        case .failed:
            fail(nil, now: now)
            return .nothing
        case .answered(let response):
            return finish(task, response, now: now)
        }
    }

    private mutating func finish(
        _ task: Task,
        _ response: HTTPResponse,
        now: Int64
    ) -> Change {
        guard response.status == 200 else {
            Log.note("the collector answered with status", response.status)
            fail(response.retryAfterSeconds, now: now)
            return response.status == 401 || response.status == 403 ? .forgotten : .nothing
        }
        var change = Change.nothing
        switch task {
        case .enrolling(let nonce):
            if peer.isReceipt(response.body, nonce: nonce) { change = .enrolled }
        case .sending(let batch, let hash):
            let position = peer.acknowledged(response.body, hash: hash, of: batch)
            if let position { change = .acknowledged(position) }
        }
        if case .nothing = change {
            Log.note("the collector's answer is not signed, or not about what was sent")
            fail(nil, now: now)
            return change
        }
        if hasSaidWhy { Log.note("the collector answers again") }
        hasSaidWhy = false
        backoff.succeed()
        end()
        wakeTime = now
        return change
    }

    private mutating func fail(_ retryAfterSeconds: UInt64?, now: Int64) {
        if !hasSaidWhy { Log.note("the collector cannot be reached; reports wait") }
        hasSaidWhy = true
        postpone(retryAfterSeconds, now: now)
    }

    /// Counts a failure and waits before the next attempt.
    mutating func postpone(_ retryAfterSeconds: UInt64? = nil, now: Int64) {
        let random = RecordBytes(bytes: Sodium.randomBytes(count: 8)).number(0, size: 8)
        let wait = backoff.fail(retryAfterSeconds: retryAfterSeconds, random: random)
        wakeTime = now + Int64(wait) * 1_000_000
        end()
    }

    private mutating func end() {
        task = nil
        exchange = nil
    }
}
