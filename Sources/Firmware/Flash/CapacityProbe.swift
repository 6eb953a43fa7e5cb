/// Finds media that claim more than they have: those keep only some of what is written.
///
/// ```
/// offsets: the last block, and the starts of 1/2, 1/4, 1/8 ... of the medium down to 1 MiB
/// ```
/// Each block gets bytes of its own, so that one that lands in another's place is seen. All are
/// written, flushed and read past the caches, and become zero again in the end.
struct CapacityProbe<Target: BlockTarget> {
    let target: Target
    let device: String
    let seed: UInt64

    static var blockSizeBytes: Int { Int(FlashPiece.alignmentBytes) }

    var offsets: [Int64] {
        let block = Int64(Self.blockSizeBytes)
        var offsets = [(target.sizeBytes - block) / block * block]
        var offset = target.sizeBytes / 2
        while offset >= FlashPlan.edgeBytes {
            offsets.append(offset / block * block)
            offset /= 2
        }
        return offsets.filter { $0 >= 0 }
    }

    func run() throws(FlashError) {
        let buffer = AlignedBuffer()
        do throws(TargetFault) {
            for offset in offsets {
                fill(buffer, for: offset)
                try target.write(buffer.bytes(Self.blockSizeBytes), at: offset)
            }
            try target.flush()
            try target.dropCaches()
        } catch {
            throw FlashError(error, device: device, phase: .probe)
        }
        let present = AlignedBuffer()
        for offset in offsets {
            do throws(TargetFault) {
                try target.read(into: present.part(Self.blockSizeBytes), at: offset)
            } catch {
                throw FlashError(error, device: device, phase: .probe)
            }
            fill(buffer, for: offset)
            let expected = buffer.bytes(Self.blockSizeBytes)
            guard present.bytes(Self.blockSizeBytes).firstDifference(from: expected) == nil else {
                throw .capacityFalse(
                    device: device,
                    claimedBytes: target.sizeBytes,
                    offsetBytes: offset
                )
            }
        }
        do throws(TargetFault) {
            for offset in offsets {
                try target.write(AlignedBuffer.zeros.bytes(Self.blockSizeBytes), at: offset)
            }
        } catch {
            throw FlashError(error, device: device, phase: .probe)
        }
    }

    /// Makes the bytes of the block at an offset (SplitMix64, Steele, Lea and Flood 2014).
    private func fill(_ buffer: AlignedBuffer, for offset: Int64) {
        var state = seed ^ UInt64(bitPattern: offset)
        let words = buffer.part(Self.blockSizeBytes)
        for position in stride(from: 0, to: words.count, by: 8) {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            words.storeBytes(of: mixed ^ (mixed >> 31), toByteOffset: position, as: UInt64.self)
        }
    }
}
