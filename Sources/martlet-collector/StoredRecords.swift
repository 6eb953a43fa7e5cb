import Telemetry

/// A device with everything that is kept about it as a whole.
struct DeviceRecord: Sendable, Equatable {
    let id: [UInt8]
    /// The device's own word; hostile until it is escaped.
    let name: String
    let enrolledAt: Int64
    let revokedAt: Int64?
    let forkedAt: Int64?
    let forkReason: String?
    let seenAt: Int64?
    /// The bundle of the newest report.
    let contentID: [UInt8]?
    let reportCount: Int64
    let inferenceCount: Int64
    /// The highest number of a report: the device counts all that it ever made, from 1.
    let numberMax: Int64
    /// What the device says it dropped for lack of room, and lost by damage.
    let droppedCount: Int64
    let lostCount: Int64
    /// When the device last said that it had crashed.
    let crashedAt: Int64?

    /// The id as text.
    var idText: String { hexText(id) }

    /// Reports that the device made and the collector never saw.
    var missingCount: Int64 { max(0, numberMax - reportCount) }

    /// What an operator should know first.
    func state(now: Int64, silentMilliseconds: Int64) -> DeviceState {
        if revokedAt != nil { return .revoked }
        if forkedAt != nil { return .forked }
        if let crashedAt, now - crashedAt < DeviceState.crashMilliseconds { return .crashed }
        guard let seenAt else {
            return now - enrolledAt < silentMilliseconds ? .new : .silent
        }
        return now - seenAt < silentMilliseconds ? .ok : .silent
    }
}

/// The one word for a device, the most urgent that applies.
enum DeviceState: String, Sendable, CaseIterable, Codable {
    case ok, new, silent, crashed, forked, revoked

    /// How long a crash is news: a day, so that every working day shows those of the night.
    static let crashMilliseconds: Int64 = 86_400_000
}

/// A stored report.
struct StoredReport: Sendable, Equatable {
    let deviceID: [UInt8]
    let epoch: Int64
    let sequence: Int64
    let number: Int64
    let receivedAt: Int64
    let frameHash: [UInt8]
    let report: Report
}

/// The end of a run that did not stop when asked to, as the next run reported it.
struct StopRecord: Sendable, Equatable {
    let epoch: Int64
    let starts: Int64
    let reason: StopReason
    let signal: Int64
    let programCounter: Int64
    let reportedAt: Int64
}

/// Numbers of reports that were made and never arrived.
struct NumberGap: Sendable, Equatable, Codable {
    let first: Int64
    let last: Int64
}

/// Some entries of a list, and where the next ones begin.
struct Page<Entry: Sendable>: Sendable {
    let entries: [Entry]
    /// `nil` at the end of the list.
    let next: String?
}
