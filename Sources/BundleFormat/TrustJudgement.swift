// Whether an authentic document may be accepted now: functions from what a device remembers and a
// document to what it remembers afterwards.

extension TrustState {
    /// Accepts a channel, or one that was accepted before, again.
    ///
    /// - Parameters:
    ///   - verified: a channel that the root's keys signed.
    ///   - root: the root that is believed.
    ///   - name: the product line that the device follows.
    ///   - target: the kind of device that it is; a channel for `any` is accepted too.
    ///   - clock: Unix seconds; `nil` on a device without a clock.
    /// - Returns: What the device remembers afterwards.
    /// - Throws: `TrustError`: another channel, expired, rolled back or another text of the same
    ///   version.
    public func judge(
        _ verified: VerifiedChannel,
        under root: TrustedRoot,
        name: [UInt8],
        target: [UInt8],
        clock: UInt64?
    ) throws(TrustError) -> TrustState {
        try check(root)
        guard verified.rootVersion == root.root.version else {
            throw .rootVersionMismatch(
                expected: root.root.version,
                actual: verified.rootVersion
            )
        }
        let channel = verified.channel
        guard channel.name == name,
            channel.target == target || channel.target == [UInt8]("any".utf8)
        else { throw .otherChannel }
        let time = time(clock: clock)
        try root.checkFresh(at: time)
        guard time <= channel.notAfter else {
            throw .expired(notAfter: channel.notAfter, time: time)
        }
        var state = self
        let mark = ChannelMark(
            name: channel.name,
            target: channel.target,
            version: channel.version,
            textHash: verified.textHash
        )
        let index = channels.firstIndex { $0.name == mark.name && $0.target == mark.target }
        if let index {
            let accepted = channels[index]
            guard mark.version >= accepted.version else {
                throw .channelRolledBack(version: mark.version, accepted: accepted.version)
            }
            guard mark.version > accepted.version || mark == accepted else {
                throw .channelEquivocates(version: mark.version)
            }
            state.channels[index] = mark
        } else {
            guard channels.count < TrustState.channelCountMax else {
                throw .stateFull(limit: TrustState.channelCountMax)
            }
            state.channels.append(mark)
        }
        state.channelTimeFloor = max(channelTimeFloor, channel.created)
        return state
    }

    /// Accepts a verified bundle for installing.
    ///
    /// - Parameters:
    ///   - bundle: a bundle that the root's release keys signed.
    ///   - root: the root that is believed.
    ///   - channel: the channel that was judged last; `nil` when the bundle came by hand, as from a
    ///     removable medium. Everything else is asked for all the same.
    ///   - clock: Unix seconds; `nil` on a device without a clock.
    /// - Returns: What the device remembers afterwards.
    /// - Throws: `TrustError`: too few signers under this root, revoked, below the floor, expired
    ///   or not what the channel lists.
    public func judge(
        _ bundle: VerifiedBundle,
        under root: TrustedRoot,
        channel: VerifiedChannel?,
        clock: UInt64?
    ) throws(TrustError) -> TrustState {
        try check(root)
        try check(bundle, against: root.root.release, rootVersion: root.root.version)
        let manifest = bundle.manifest
        guard !root.root.revokedContents.contains(manifest.contentID) else {
            throw .contentRevoked
        }
        let floor = floor(of: manifest.name)
        guard manifest.counter >= floor else {
            throw .belowFloor(counter: manifest.counter, floor: floor)
        }
        let time = time(clock: clock)
        try root.checkFresh(at: time)
        guard manifest.notAfter == 0 || time <= manifest.notAfter else {
            throw .expired(notAfter: manifest.notAfter, time: time)
        }
        if let channel { try check(manifest, against: channel, time: time) }
        var state = self
        state.releaseTimeFloor = max(releaseTimeFloor, manifest.created)
        return state
    }

    /// A root older than the one that was believed is no root any more.
    private func check(_ root: TrustedRoot) throws(TrustError) {
        guard root.root.version >= rootVersion else {
            throw .rootVersionMismatch(expected: rootVersion, actual: root.root.version)
        }
    }

    /// A bundle that was verified before this root came must still have enough of its signers.
    private func check(
        _ bundle: VerifiedBundle,
        against role: RootRole,
        rootVersion: UInt64
    ) throws(TrustError) {
        var count = 0
        for signer in bundle.signers where role.keys.contains(where: { $0.key == signer }) {
            count += 1
        }
        guard count >= role.threshold else {
            throw .untrusted(
                .release,
                rootVersion: rootVersion,
                validSignatures: count,
                threshold: role.threshold
            )
        }
    }

    /// The channel must be the one that was accepted, fresh, and list exactly this bundle.
    private func check(
        _ manifest: Manifest,
        against verified: VerifiedChannel,
        time: UInt64
    ) throws(TrustError) {
        let channel = verified.channel
        let accepted = channels.first { $0.name == channel.name && $0.target == channel.target }
        guard let accepted else { throw .otherChannel }
        guard channel.version >= accepted.version else {
            throw .channelRolledBack(version: channel.version, accepted: accepted.version)
        }
        guard verified.textHash == accepted.textHash else {
            throw .channelEquivocates(version: channel.version)
        }
        guard time <= channel.notAfter else {
            throw .expired(notAfter: channel.notAfter, time: time)
        }
        let found = channel.bundles.first { $0.name == manifest.name }
        guard let listed = found else { throw .notListed }
        guard listed == ChannelEntry(manifest) else {
            throw .listedDifferently(counter: manifest.counter, listedCounter: listed.counter)
        }
    }

    /// What a device remembers after a bundle has proved itself.
    public struct Confirmation: Sendable, Equatable {
        /// What the device remembers now.
        public let state: TrustState
        /// Whether the floor stayed where it was because the bundle to fall back to is below the
        /// new one.
        public let isFallbackTooOld: Bool
    }

    /// Raises the floor of a confirmed bundle's name, unless that would leave nothing to fall back
    /// to.
    ///
    /// - Parameters:
    ///   - manifest: the manifest of the bundle that was confirmed.
    ///   - fallbackCounter: the counter of the bundle in the other slot; `nil` when there is none.
    /// - Returns: The state, and whether the floor had to stay.
    /// - Throws: `TrustError.stateFull`.
    public func confirming(
        _ manifest: Manifest,
        fallbackCounter: UInt64?
    ) throws(TrustError) -> Confirmation {
        let present = floor(of: manifest.name)
        guard manifest.floor > present else {
            return Confirmation(state: self, isFallbackTooOld: false)
        }
        if let fallbackCounter, fallbackCounter < manifest.floor {
            return Confirmation(state: self, isFallbackTooOld: true)
        }
        var state = self
        if let index = floors.firstIndex(where: { $0.name == manifest.name }) {
            state.floors[index].counter = manifest.floor
        } else {
            guard floors.count < TrustState.floorCountMax else {
                throw .stateFull(limit: TrustState.floorCountMax)
            }
            state.floors.append(Floor(name: manifest.name, counter: manifest.floor))
        }
        return Confirmation(state: state, isFallbackTooOld: false)
    }
}
