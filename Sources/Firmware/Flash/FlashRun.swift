import Glibc

/// One flash under way: the transitions of `Flasher`.
struct FlashRun<Target: BlockTarget> {
    private let flasher: Flasher<Target>
    private var count: ProgressCount
    private var isBegun = false
    private var writtenBytes: Int64 = 0
    private var keptBytes: Int64 = 0
    private var zeroBytes: Int64 = 0
    private var verifiedBytes: Int64 = 0
    private let scratch = AlignedBuffer()

    private var target: Target { flasher.target }
    private var plan: FlashPlan { flasher.plan }

    init(flasher: Flasher<Target>, count: ProgressCount) {
        self.flasher = flasher
        self.count = count
    }

    var result: Flasher<Target>.Result {
        Flasher<Target>.Result(
            writtenBytes: writtenBytes,
            keptBytes: keptBytes,
            zeroBytes: zeroBytes,
            verifiedBytes: verifiedBytes
        )
    }

    mutating func perform() throws(FlashError) {
        try checkStop(.invalidate)
        try plan.image.checkUnchanged()
        isBegun = true
        try enter(.invalidate, edges.sizeBytes)
        try invalidate()
        if flasher.options.probes {
            try enter(.probe, 0)
            try CapacityProbe(
                target: target,
                device: flasher.device,
                seed: UInt64.random(in: .min ... .max)
            ).run()
        }
        if flasher.options.discards { try discardAll() }
        try write(plan.data, .write)
        try flush(.write)
        try plan.image.checkUnchanged()
        try write(plan.boot, .boot)
        try flush(.boot)
        try write(plan.backup, .table)
        try flush(.table)
        try write(plan.primary, .table)
        try flush(.table)
        if flasher.options.verifies { try verify() }
        try plan.image.checkUnchanged()
        target.rereadTable()
        count.enter(.done, totalBytes: writtenBytes + keptBytes + zeroBytes)
    }

    /// The first and the last MiB, and the second table where it lies elsewhere.
    private var edges: DiskRanges {
        let size = target.sizeBytes
        let edge = min(FlashPlan.edgeBytes, size)
        let tail = (size - edge) / FlashPiece.alignmentBytes * FlashPiece.alignmentBytes
        return DiskRanges([0..<edge, tail..<size]).union(plan.backup)
    }

    private func invalidate() throws(FlashError) {
        let pieces = FlashPieces(area: edges, data: edges, zeroSizeMax: 1)
        try asking(.invalidate) { () throws(TargetFault) in
            for piece in pieces {
                let zeros = AlignedBuffer.zeros.bytes(piece.range.count)
                try target.write(zeros, at: piece.range.lowerBound)
            }
            try target.flush()
        }
    }

    /// Makes what was begun unbootable again.
    ///
    /// The target may be gone, so this may fail too.
    mutating func invalidateAgain() {
        guard isBegun else { return }
        try? invalidate()
    }

    /// A medium that refuses to discard is written all the same.
    private func discardAll() throws(FlashError) {
        let step: Int64 = 1 << 30
        var start: Int64 = 0
        while start < target.sizeBytes {
            try checkStop(.write)
            let range = start..<min(start + step, target.sizeBytes)
            do throws(TargetFault) {
                try target.discard(range)
            } catch  where error.code == EOPNOTSUPP || error.code == EINVAL {
                return
            } catch {
                throw FlashError(error, device: flasher.device, phase: .write)
            }
            start = range.upperBound
        }
    }

    private mutating func write(_ area: DiskRanges, _ phase: FlashPhase) throws(FlashError) {
        try enter(phase, area.sizeBytes)
        let content = plan.content
        var pieces = plan.pieces(area, zeroSizeMax: target.zeroStepBytes)
        try ReadAhead.run { buffer throws(FlashError) in
            guard let piece = pieces.next() else { return nil }
            guard !piece.isZero else { return piece }
            let part = buffer.part(piece.range.count)
            try content.read(into: part, at: piece.range.lowerBound)
            let isZero = buffer.bytes(piece.range.count).firstNonzero == nil
            return FlashPiece(range: piece.range, isZero: isZero)
        } consume: { piece, buffer throws(FlashError) in
            try checkStop(phase)
            if piece.isZero {
                try zero(piece.range, phase)
            } else {
                let bytes = buffer.bytes(piece.range.count)
                try put(bytes, at: piece.range.lowerBound, phase)
            }
            count.add(Int64(piece.range.count))
        }
    }

    private mutating func put(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int64,
        _ phase: FlashPhase
    ) throws(FlashError) {
        if flasher.options.comparesFirst {
            let present = scratch.part(bytes.count)
            try asking(phase) { () throws(TargetFault) in
                try target.read(into: present, at: offset)
            }
            if scratch.bytes(bytes.count).firstDifference(from: bytes) == nil {
                keptBytes += Int64(bytes.count)
                return
            }
        }
        try asking(phase) { () throws(TargetFault) in try target.write(bytes, at: offset) }
        writtenBytes += Int64(bytes.count)
    }

    /// Makes a range zero; where it may be zero already and reading is cheap, only what is not.
    private mutating func zero(_ range: Range<Int64>, _ phase: FlashPhase) throws(FlashError) {
        zeroBytes += Int64(range.count)
        guard flasher.options.comparesFirst || flasher.options.discards else {
            let known = target.endOfKnownZeros(from: range.lowerBound)
            guard known < range.upperBound else { return }
            try asking(phase) { () throws(TargetFault) in try target.zero(range) }
            return
        }
        for piece in UnknownPieces(target: target, ranges: DiskRanges([range])) {
            try checkStop(phase)
            let present = scratch.part(piece.count)
            try asking(phase) { () throws(TargetFault) in
                try target.read(into: present, at: piece.lowerBound)
                if scratch.bytes(piece.count).firstNonzero != nil { try target.zero(piece) }
            }
        }
    }

    private mutating func verify() throws(FlashError) {
        let total = plan.areas.reduce(0) { $0 + $1.sizeBytes }
        try enter(.verify, total)
        try asking(.verify) { () throws(TargetFault) in try target.dropCaches() }
        for area in plan.areas { try verify(area) }
    }

    private mutating func verify(_ area: DiskRanges) throws(FlashError) {
        var pieces = plan.pieces(area, zeroSizeMax: Int64.max)
        var unknown: UnknownPieces<Target>?
        let (target, device) = (target, flasher.device)
        var before = count.bytes
        let start = before
        try ReadAhead.run { buffer throws(FlashError) in
            var next = unknown?.next().map { FlashPiece(range: $0, isZero: true) }
            while next == nil {
                guard let piece = pieces.next() else { return nil }
                guard piece.isZero else {
                    next = piece
                    break
                }
                unknown = UnknownPieces(target: target, ranges: DiskRanges([piece.range]))
                next = unknown?.next().map { FlashPiece(range: $0, isZero: true) }
            }
            guard let piece = next else { return nil }
            do throws(TargetFault) {
                let part = buffer.part(piece.range.count)
                try target.read(into: part, at: piece.range.lowerBound)
            } catch {
                throw FlashError(error, device: device, phase: .verify)
            }
            return piece
        } consume: { piece, buffer throws(FlashError) in
            try checkStop(.verify)
            try compare(buffer.bytes(piece.range.count), piece)
            verifiedBytes += Int64(piece.range.count)
            // Zeros that need no reading are done as soon as what follows them is.
            let position = start + area.sizeBytes(below: piece.range.upperBound)
            count.add(position - before)
            before = position
        }
        count.add(start + area.sizeBytes - before)
    }

    private func compare(
        _ present: UnsafeRawBufferPointer,
        _ piece: FlashPiece
    ) throws(FlashError) {
        let difference: Int?
        if piece.isZero {
            difference = present.firstNonzero
        } else {
            let expected = scratch.part(present.count)
            try plan.content.read(into: expected, at: piece.range.lowerBound)
            difference = present.firstDifference(from: scratch.bytes(present.count))
        }
        guard let difference else { return }
        try plan.image.checkUnchanged()
        throw .differs(
            device: flasher.device,
            offsetBytes: piece.range.lowerBound + Int64(difference)
        )
    }

    private mutating func enter(_ phase: FlashPhase, _ totalBytes: Int64) throws(FlashError) {
        try checkStop(phase)
        count.enter(phase, totalBytes: totalBytes)
    }

    private func flush(_ phase: FlashPhase) throws(FlashError) {
        try asking(phase) { () throws(TargetFault) in try target.flush() }
    }

    private func checkStop(_ phase: FlashPhase) throws(FlashError) {
        guard flasher.stop.isMade else { return }
        throw .interrupted(device: flasher.device, phase: phase, doneBytes: count.bytes)
    }

    private func asking(
        _ phase: FlashPhase,
        _ body: () throws(TargetFault) -> Void
    ) throws(FlashError) {
        do throws(TargetFault) {
            try body()
        } catch {
            throw FlashError(error, device: flasher.device, phase: phase)
        }
    }
}

/// The pieces of at most 1 MiB of ranges that must be read to know whether they are zero.
struct UnknownPieces<Target: BlockTarget>: Sequence, IteratorProtocol {
    let target: Target
    private var ranges: ArraySlice<Range<Int64>>

    init(target: Target, ranges: DiskRanges) {
        self.target = target
        self.ranges = ranges.ranges[...]
    }

    mutating func next() -> Range<Int64>? {
        while let range = ranges.first {
            ranges.removeFirst()
            let mask = FlashPiece.alignmentBytes - 1
            let known = target.endOfKnownZeros(from: range.lowerBound)
            let start = Swift.max(range.lowerBound, Swift.min(known, range.upperBound) & ~mask)
            guard known < range.upperBound else { continue }
            let end = Swift.min(range.upperBound, (start | Int64(FlashPiece.sizeMax - 1)) + 1)
            if end < range.upperBound { ranges = [end..<range.upperBound] + ranges }
            return start..<end
        }
        return nil
    }
}

extension DiskRanges {
    /// The bytes of the ranges that lie before an offset.
    func sizeBytes(below offset: Int64) -> Int64 { clamped(to: 0..<max(0, offset)).sizeBytes }
}
