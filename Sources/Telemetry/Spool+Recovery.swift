extension Spool {
    var segmentSizeBytes: Int { Int(superblock.segmentSizeBytes) }

    /// Where a segment lies in the storage.
    func place(_ serial: UInt64) -> UInt64 {
        let index = serial % UInt64(superblock.segmentCount)
        return UInt64(SpoolFormat.segmentSizeBytes) + index * UInt64(superblock.segmentSizeBytes)
    }

    /// Finds the superblock, the newest segment and the newest frame, and counts the live frames.
    mutating func recover() throws(SpoolError) {
        let available = superblock.segmentCount
        newestNumber = SpoolFormat.counterMax
        let isKnown = try recoverSuperblock()
        recoverSerials(isKnown: isKnown)
        recoverFrames(isKnown: isKnown)
        newest = max(newest, superblock.acknowledged)
        if liveCount == 0, superblock.segmentCount != available {
            try resize(to: available)
        } else if !isKnown {
            try commit(superblock)
        }
    }

    /// - Returns: Whether a superblock was found; else it is the one of a new spool.
    private mutating func recoverSuperblock() throws(SpoolError) -> Bool {
        var best: SpoolSuperblock?
        var failures: [SpoolError] = []
        for copy: UInt64 in 0..<2 {
            let offset = copy * UInt64(SpoolFormat.superblockSizeBytes)
            do throws(SpoolError) {
                let bytes = try storage.read(at: offset, count: SpoolSuperblock.sizeBytes)
                guard let found = SpoolSuperblock(decoding: bytes),
                    found.segmentSizeBytes == superblock.segmentSizeBytes,
                    found.revision > best?.revision ?? 0
                else { continue }
                best = found
            } catch {
                failures.append(error)
            }
        }
        if failures.count == 2 { throw failures[0] }
        guard var best else { return false }
        best.segmentCount = min(best.segmentCount, superblock.segmentCount)
        superblock = best
        return true
    }

    /// Finds the oldest and the newest segment by their heads.
    private mutating func recoverSerials(isKnown: Bool) {
        let count = UInt64(superblock.segmentCount)
        var serials: [UInt64] = []
        for index in 0..<count {
            guard
                let head = try? storage.read(
                    at: place(index),
                    count: SpoolFormat.segmentHeadSizeBytes
                ),
                let serial = SpoolFormat.serial(ofHead: head), serial % count == index
            else { continue }
            serials.append(serial)
        }
        headSerial = max(serials.max() ?? 1, superblock.tailSerial)
        if !isKnown { superblock.tailSerial = serials.min() ?? 1 }
        // The newest head may be damaged: the frames behind it know their serial too.
        while hasFrame(headSerial + 1) { headSerial += 1 }
        if headSerial >= count {
            superblock.tailSerial = max(superblock.tailSerial, headSerial - count + 1)
        }
    }

    private mutating func hasFrame(_ serial: UInt64) -> Bool {
        var found = false
        visitFrames(of: serial) { _, _ in
            found = true
            return false
        }
        return found
    }

    private mutating func recoverFrames(isKnown: Bool) {
        var last: SpoolFrame?
        var firstNumber: UInt64?
        var live: UInt64 = 0
        let released = superblock.releasedNumber
        visitAllFrames { frame, _ in
            firstNumber = firstNumber ?? frame.number
            if frame.number > released { live += 1 }
            last = frame
            return true
        }
        if !isKnown, let firstNumber { superblock.releasedNumber = firstNumber - 1 }
        liveCount = live
        newestNumber = superblock.releasedNumber
        newestHash = superblock.releasedHash
        if let last {
            newest = last.position
            if last.number > newestNumber || last.number == released {
                newestNumber = last.number
                newestHash = Hasher.hash(last.encoded())
            }
        }
        headOffset = endOfFrames(in: headSerial)
    }

    /// Gives an empty spool the size of its storage.
    ///
    /// What segments hold is released already.
    private mutating func resize(to segmentCount: UInt32) throws(SpoolError) {
        var next = superblock
        next.segmentCount = segmentCount
        next.tailSerial = headSerial + 1
        next.lostCount += newestNumber - superblock.releasedNumber
        next.releasedNumber = newestNumber
        next.releasedHash = newestHash
        try commit(next)
        headSerial = next.tailSerial
        headOffset = 0
    }
}

extension Spool {
    /// Gives every live frame with its segment's serial, oldest first, until `visit` has enough.
    mutating func visitLiveFrames(_ visit: (SpoolFrame, UInt64) -> Bool) {
        let released = superblock.releasedNumber
        visitAllFrames { frame, serial in frame.number <= released || visit(frame, serial) }
    }

    /// Gives the undamaged frames of all segments in ascending order, up to the newest number: a
    /// frame whose append failed may be there, but the next append will write over it.
    private mutating func visitAllFrames(_ visit: (SpoolFrame, UInt64) -> Bool) {
        var last: SpoolFrame?
        var isDone = false
        var serial = superblock.tailSerial
        let numberMax = newestNumber
        while serial <= headSerial, !isDone {
            visitFrames(of: serial) { frame, _ in
                // A frame out of order is left from an append that failed, too.
                if let last, !frame.follows(last) { return true }
                guard frame.number <= numberMax else { return true }
                last = frame
                isDone = !visit(frame, serial)
                return !isDone
            }
            serial += 1
        }
    }

    /// The first byte behind the last frame; 0 when the segment holds none.
    private mutating func endOfFrames(in serial: UInt64) -> Int {
        var end = 0
        visitFrames(of: serial) { _, frameEnd in
            end = frameEnd
            return true
        }
        return end
    }

    /// Gives the undamaged frames of a segment with the offset behind each.
    ///
    /// What lies between is stepped over, the segment's head too: a frame's checksum names the
    /// segment. A segment that cannot be read has no frames.
    private mutating func visitFrames(of serial: UInt64, _ visit: (SpoolFrame, Int) -> Bool) {
        guard let bytes = try? storage.read(at: place(serial), count: segmentSizeBytes) else {
            return
        }
        var offset = SpoolFormat.segmentHeadSizeBytes
        while offset < bytes.count {
            guard let (frame, size) = SpoolFrame.decode(bytes[offset...], serial: serial) else {
                offset += 8
                continue
            }
            offset += size
            guard visit(frame, offset) else { return }
        }
    }
}
