import Glibc
import Synchronization
import Testing

@testable import Firmware

@Suite("Flashing into memory")
struct FlashEngineTests {
    /// The writes of one flash of the sample: the invalidation's are the first 3.
    static let writeCount = 11

    @Test("case 81: the target equals the image byte for byte, and the rest is left alone")
    func equal() throws {
        let sample = try FlashSample()
        let spare = 3 << 20
        let target = MemoryTarget(FlashSample.used(sample.bytes.count + spare))
        #expect(sample.flash(to: target).error == nil)
        #expect(target.medium.starts(with: sample.bytes))
        let rest = target.medium.dropFirst(sample.bytes.count)
        #expect(rest.prefix((2 << 20) - 4096) == FlashSample.used((2 << 20) - 4096)[...])
        #expect(isZero(rest.suffix(1 << 20)), "an old second table is gone")
        #expect(target.isClosed)
    }

    @Test(
        "case 82: sizes that no block divides",
        arguments: [0, 1, 511, 512, 4095, 4096, 4097, 1_048_575, 1_048_577]
    )
    func partialBlock(excess: Int) throws {
        let sample = try FlashSample(size: (5 << 20) + excess)
        let target = MemoryTarget(FlashSample.used(sample.bytes.count))
        #expect(sample.flash(to: target).error == nil)
        #expect(target.medium == sample.bytes)
    }

    @Test("case 83: an image of one sector", arguments: [1, 512, 4096])
    func tiny(size: Int) throws {
        let folder = try FlashFolder()
        let bytes = FlashSample.noise(size, seed: 3)
        let image = try FlashImage(path: folder.write(bytes, to: "tiny.img"))
        let plan = FlashPlan(
            content: FlashContent(image: image, overlays: []),
            places: FlashPlan.Places(primary: 0..<Int64(size), backup: 0..<0, boot: [])
        )
        for room in [size, size + 5000] {
            let target = MemoryTarget(FlashSample.used(room))
            _ = try Flasher(plan: plan, target: target, device: "card").run()
            #expect(target.medium == bytes + [UInt8](repeating: 0, count: room - size))
        }
    }

    @Test("case 84: the table is written last, and each step is flushed before the next")
    func order() throws {
        let sample = try FlashSample()
        let target = MemoryTarget(FlashSample.used(sample.bytes.count))
        #expect(sample.flash(to: target).error == nil)
        let steps = target.events.split(separator: .flush).map { events in
            events.flatMap { event -> [Range<Int64>] in
                switch event {
                case .write(let range), .zero(let range): [range]
                default: []
                }
            }
        }
        let end = Int64(sample.bytes.count)
        #expect(steps.count == 6, "invalidation, data, boot, backup, primary, nothing")
        #expect(steps[0].first == 0..<1 << 20 && steps[0].last?.upperBound == end)
        let backup = (end - 16_896) / 4096 * 4096..<end
        #expect(DiskRanges(steps[3]).ranges == [backup])
        #expect(steps[4] == [0..<20_480])
        #expect(steps[5].isEmpty)
        let boot = steps[2]
        #expect(boot.first == 20_480..<1 << 20)
        #expect(boot.dropFirst().allSatisfy { FlashSample.boot.aligned.contains($0.lowerBound) })
        for range in steps[1] {
            #expect(range.lowerBound >= 1 << 20 && range.upperBound <= backup.lowerBound)
            #expect(!range.overlaps(FlashSample.boot))
        }
        #expect(target.events.suffix(3) == [.dropCaches, .rereadTable, .close])
    }

    @Test(
        "case 85: a fault at write k leaves no table, and resuming ends with the image's bytes",
        arguments: 1...writeCount
    )
    func faultAtEachWrite(index: Int) throws {
        let sample = try FlashSample()
        let target = MemoryTarget(FlashSample.used(sample.bytes.count)) { operation, count in
            operation == .write && count == index ? EIO : nil
        }
        let error = try #require(sample.flash(to: target).error)
        guard case .inputOutput("card", _, let fault) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(fault.code == EIO && fault.operation == .write)
        #expect(isInvalidated(target.medium))
        #expect(target.isClosed && !target.events.contains(.rereadTable))
        try expectResumed(sample, target.medium)
    }

    @Test(
        "case 86: a stop at write k leaves no table, and resuming ends with the image's bytes",
        arguments: 1...writeCount
    )
    func stopAtEachWrite(index: Int) throws {
        let sample = try FlashSample()
        let stop = StopRequest()
        let target = MemoryTarget(FlashSample.used(sample.bytes.count)) { operation, count in
            if operation == .write, count == index { stop.make() }
            return nil
        }
        let error = try #require(sample.flash(to: target, stop: stop).error)
        guard case .interrupted = error else {
            Issue.record("\(error)")
            return
        }
        #expect(isInvalidated(target.medium))
        try expectResumed(sample, target.medium)
    }

    private func expectResumed(_ sample: FlashSample, _ medium: [UInt8]) throws {
        let again = MemoryTarget(medium)
        let result = sample.flash(to: again, options: FlashOptions(comparesFirst: true))
        #expect(result.error == nil)
        #expect(again.medium == sample.bytes)
    }

    @Test(
        "case 87: power lost at write k: what a card holds then has no table either",
        arguments: 1...writeCount
    )
    func powerLoss(index: Int) throws {
        // Nothing that comes after the fault reaches the medium: not even the second invalidation.
        let sample = try FlashSample()
        let target = MemoryTarget(FlashSample.used(sample.bytes.count)) { operation, count in
            operation == .write && count >= index || operation == .flush && index <= count
                ? ENODEV : nil
        }
        let error = try #require(sample.flash(to: target).error)
        #expect(error.name == "vanished")
        let medium = target.medium
        // Before the invalidation the card is the old one; after it neither table is there.
        if index > 3 {
            #expect(isZero(medium.prefix(17_408)))
        }
        try expectResumed(sample, medium)
    }

    @Test(
        "case 88: faults of every kind at every phase are told apart, and nothing is called done",
        arguments: [
            (TargetFault.Operation.write, 5, ENOSPC, "no-space"),
            (.write, 5, ENODEV, "vanished"), (.write, 5, ENXIO, "vanished"),
            (.write, 5, ENOMEDIUM, "vanished"), (.write, 5, EROFS, "read-only"),
            (.write, 1, EIO, "input-output"), (.zero, 1, EIO, "input-output"),
            (.zero, 1, ENODEV, "vanished"), (.flush, 1, EIO, "input-output"),
            (.flush, 2, EIO, "input-output"), (.flush, 3, ENOSPC, "no-space"),
            (.flush, 4, EIO, "input-output"), (.flush, 5, ENODEV, "vanished"),
            (.dropCaches, 1, EIO, "input-output"), (.read, 1, EIO, "input-output"),
            (.read, 4, ENODEV, "vanished"),
        ] as [(TargetFault.Operation, Int, Int32, String)]
    )
    func faults(operation: TargetFault.Operation, index: Int, code: Int32, name: String) throws {
        let sample = try FlashSample()
        let phases = Mutex<[FlashPhase]>([])
        let target = MemoryTarget(FlashSample.used(sample.bytes.count)) { asked, count in
            asked == operation && count == index ? code : nil
        }
        let result = sample.flash(to: target) { progress in
            phases.withLock { $0.append(progress.phase) }
        }
        #expect(result.error?.name == name)
        #expect(isInvalidated(target.medium))
        #expect(phases.withLock { !$0.contains(.done) })
        #expect(target.isClosed)
    }

    @Test(
        "case 89: a medium that keeps other bytes is found, at the first wrong one",
        arguments: [0, 17_407, 600_000, 1_500_000, 2_200_000, 5_242_881] as [Int64]
    )
    func corruption(offset: Int64) throws {
        let sample = try FlashSample()
        let target = MemoryTarget(
            FlashSample.used(sample.bytes.count),
            corruption: { start, bytes in
                let index = Int(offset - start)
                // What is written as zero stays zero: the invalidation is kept.
                if bytes.indices.contains(index), !isZero(bytes[...]) {
                    bytes[index] ^= 0x10
                }
            }
        )
        let result = sample.flash(to: target)
        #expect(result.error == .differs(device: "card", offsetBytes: offset))
        #expect(isInvalidated(target.medium), "a bad card must not boot")
    }

    @Test("case 90: a medium that does not keep zeros is found")
    func zerosNotKept() throws {
        let sample = try FlashSample()
        let target = StubbornTarget(MemoryTarget(FlashSample.used(sample.bytes.count)))
        let error = sample.flash(to: target).error
        #expect(error == .differs(device: "card", offsetBytes: FlashSample.hole.lowerBound))
    }

    @Test("case 91: without verification nothing is read back")
    func unverified() throws {
        let sample = try FlashSample()
        let target = MemoryTarget(FlashSample.used(sample.bytes.count)) { operation, _ in
            operation == .read || operation == .dropCaches ? EIO : nil
        }
        let result = sample.flash(to: target, options: FlashOptions(verifies: false))
        #expect(result.error == nil)
        #expect(target.medium == sample.bytes)
    }

    @Test("case 92: a target one byte too small is refused before anything is written")
    func tooSmall() throws {
        let sample = try FlashSample()
        let size = sample.bytes.count
        let target = MemoryTarget(FlashSample.used(size - 1))
        #expect(
            sample.flash(to: target).error
                == .tooSmall(
                    device: "card",
                    sizeBytes: Int64(size - 1),
                    neededBytes: Int64(size)
                )
        )
        #expect(target.events == [.close])
    }

    @Test("case 93: minimal writes keep what is right and write what is not")
    func minimalWrites() throws {
        let sample = try FlashSample()
        var old = sample.bytes
        old[1_500_000] ^= 1
        old[Int(FlashSample.hole.lowerBound) + 5] = 7
        let target = MemoryTarget(old)
        let counts = try sample.flash(
            to: target,
            options: FlashOptions(comparesFirst: true)
        ).get()
        #expect(target.medium == sample.bytes)
        let zeros = target.events.compactMap { event -> Range<Int64>? in
            if case .zero(let range) = event { range } else { nil }
        }
        #expect(zeros == [FlashSample.hole.lowerBound..<4 << 20])
        #expect(counts.kept >= 1 << 20)
        // The edges were invalidated, and one piece differed.
        #expect(counts.written <= 4 << 20)
    }

    @Test("case 94: a second run on an equal target writes the edges only")
    func nothingDiffers() throws {
        let sample = try FlashSample()
        let target = MemoryTarget(sample.bytes)
        let counts = try sample.flash(
            to: target,
            options: FlashOptions(comparesFirst: true)
        ).get()
        #expect(target.medium == sample.bytes)
        let edges = (2 << 20) + 2 * 4096
        #expect(counts.written <= Int64(edges))
        #expect(counts.written + counts.kept + counts.zero == Int64(sample.bytes.count))
    }

    @Test("case 95: discarded blocks that do not read as zero are made zero")
    func discards() throws {
        let sample = try FlashSample()
        let target = MemoryTarget(FlashSample.used(sample.bytes.count))
        let result = sample.flash(to: target, options: FlashOptions(discards: true))
        #expect(result.error == nil)
        #expect(target.medium == sample.bytes)
        let discarded = target.events.compactMap { event -> Range<Int64>? in
            if case .discard(let range) = event { range } else { nil }
        }
        #expect(discarded == [0..<Int64(sample.bytes.count)])
    }

    @Test(
        "case 96: a medium that cannot discard is flashed all the same",
        arguments: [EOPNOTSUPP, EINVAL]
    )
    func discardRefused(code: Int32) throws {
        let sample = try FlashSample()
        let target = MemoryTarget(FlashSample.used(sample.bytes.count)) { operation, _ in
            operation == .discard ? code : nil
        }
        #expect(sample.flash(to: target, options: FlashOptions(discards: true)).error == nil)
        #expect(target.medium == sample.bytes)
    }

    @Test("case 97: the image that changes while it is flashed is no success")
    func imageChanges() throws {
        let sample = try FlashSample()
        let path = sample.image.path
        let target = MemoryTarget(FlashSample.used(sample.bytes.count)) { operation, count in
            if operation == .write, count == 5 { rewrite(path, byteAt: 4_500_000) }
            return nil
        }
        let error = try #require(sample.flash(to: target).error)
        #expect(error.name == "image-changed")
        #expect(isInvalidated(target.medium))
    }

    @Test(
        "case 98: the image that shrinks while it is flashed is no success",
        arguments: [1 << 20, 4_800_000]
    )
    func imageShrinks(size: Int) throws {
        let sample = try FlashSample()
        let path = sample.image.path
        let target = MemoryTarget(FlashSample.used(sample.bytes.count)) { operation, count in
            if operation == .write, count == 2 { _ = truncate(path, size) }
            return nil
        }
        let error = try #require(sample.flash(to: target).error)
        #expect(error.name == "image-changed")
        #expect(isInvalidated(target.medium))
    }

    @Test(
        "case 99: progress never falls, is 100 only in the end, and phases come in order",
        arguments: [false, true]
    )
    func progress(comparesFirst: Bool) throws {
        let sample = try FlashSample()
        let seen = Mutex<[FlashProgress]>([])
        let target = MemoryTarget(FlashSample.used(sample.bytes.count))
        let options = FlashOptions(comparesFirst: comparesFirst, probes: true)
        let result = sample.flash(to: target, options: options) { progress in
            seen.withLock { $0.append(progress) }
        }
        #expect(result.error == nil)
        let all = seen.withLock { $0 }
        let percents = all.map(\.percent)
        #expect(percents == percents.sorted())
        #expect(percents.allSatisfy { (0...100).contains($0) })
        #expect(all.filter { $0.percent == 100 } == all.suffix(1))
        #expect(all.last?.phase == .done && all.last?.etaSeconds == 0)
        var phases: [FlashPhase] = []
        for progress in all where phases.last != progress.phase { phases.append(progress.phase) }
        #expect(phases == [.invalidate, .probe, .write, .boot, .table, .verify, .done])
        #expect(all.allSatisfy { $0.bytes <= max($0.totalBytes, 0) || $0.totalBytes == 0 })
        #expect(all.count < 130, "one for each percent and phase")
    }
}

/// Changes one byte of a file in place.
func rewrite(_ path: String, byteAt offset: Int) {
    let descriptor = open(path, O_RDWR)
    var byte: UInt8 = 0x5A
    _ = pwrite(descriptor, &byte, 1, offset)
    close(descriptor)
}

extension Range<Int64> {
    /// Grown to blocks of 4,096 bytes.
    var aligned: Range<Int64> { lowerBound / 4096 * 4096..<(upperBound + 4095) / 4096 * 4096 }
}

/// A target whose zeroing does nothing.
private final class StubbornTarget: BlockTarget {
    private let inner: MemoryTarget
    init(_ inner: MemoryTarget) { self.inner = inner }
    var sizeBytes: Int64 { inner.sizeBytes }
    var zeroStepBytes: Int64 { inner.zeroStepBytes }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(TargetFault) {
        try inner.write(bytes, at: offset)
    }
    func read(into buffer: UnsafeMutableRawBufferPointer, at: Int64) throws(TargetFault) {
        try inner.read(into: buffer, at: at)
    }
    func zero(_ range: Range<Int64>) throws(TargetFault) {}
    func discard(_ range: Range<Int64>) throws(TargetFault) {}
    func endOfKnownZeros(from offset: Int64) -> Int64 { offset }
    func flush() throws(TargetFault) { try inner.flush() }
    func dropCaches() throws(TargetFault) { try inner.dropCaches() }
    func rereadTable() {}
    func close() { inner.close() }
}
