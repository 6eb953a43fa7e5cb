import AgentProtocol
import Telemetry

extension Agent {
    /// Whether there is anything that the collector should get.
    var hasUplinkWork: Bool {
        guard let uplink else { return false }
        if state.isEnrolled(at: uplink.peer.keyID) { return state.spool.liveCount > 0 }
        return uplink.hasToken
    }

    /// Begins the next exchange when there is work and its time has come.
    mutating func pumpUplink(now: Int64) {
        uplink?.expire(now: now)
        guard let ready = uplink, hasUplinkWork, ready.isReady(now: now) else { return }
        guard state.isEnrolled(at: ready.peer.keyID) else {
            uplink?.beginEnrolment(now: now)
            return
        }
        let limit = configuration.limits.batchBytes
        guard let batch = state.oldestBatch(limitBytes: limit) else {
            // What waits cannot be read; the next report may be, and then these count as lost.
            uplink?.postpone(now: now)
            return
        }
        uplink?.begin(batch, nonce: state.record.nonce(of: batch.epoch), now: now)
    }

    /// Goes on with the exchange under way.
    mutating func advanceUplink(now: Int64) {
        guard let change = uplink?.advance(now: now), let peer = uplink?.peer else { return }
        do throws(AgentError) {
            switch change {
            case .nothing: break
            case .enrolled:
                try state.enrol(peer.keyID, isEnrolled: true)
                Log.note("enrolled as", id: peer.deviceID)
            case .forgotten:
                if uplink?.hasToken == true, state.isEnrolled(at: peer.keyID) {
                    try state.enrol(peer.keyID, isEnrolled: false)
                }
            case .acknowledged(let position):
                state.free(through: position)
                lastAcknowledged = (position, Clock.milliseconds)
            }
        } catch {
            error.line.printError()
        }
    }
}
