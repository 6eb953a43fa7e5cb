import Testing

@testable import Planner

@Suite("Arena planner")
struct ArenaPlannerTests {
    private typealias Request = ArenaPlanner.Request

    @Test("a chain of equal tensors needs two of them")
    func chain() {
        let requests = (0..<10).map {
            Request(sizeBytes: 1024, firstStep: $0, lastStep: $0 + 1)
        }
        let planner = ArenaPlanner(requests)
        #expect(planner.lowerBoundBytes == 2048)
        #expect(planner.place().sizeBytes == 2048)
    }

    /// Size-greedy placement, as TFLite Micro does it, needs a sixth more than the bound here:
    /// the alternating shape of MobileNetV1's first blocks.
    @Test("the bound is reached where placing by size alone is not enough")
    func mobileNet() {
        let sizes = [27648, 18432, 18432, 36864, 9216, 18432, 18432, 18432, 4608]
        let requests = sizes.enumerated().map { step, size in
            Request(sizeBytes: size, firstStep: step, lastStep: step + 1)
        }
        let planner = ArenaPlanner(requests)
        #expect(planner.lowerBoundBytes == 18432 + 36864)
        #expect(planner.place().sizeBytes == planner.lowerBoundBytes)
    }

    @Test(
        "no two live blocks overlap, whatever the lifetimes",
        arguments: 1...40 as ClosedRange<UInt64>
    )
    func disjoint(seed: UInt64) {
        var random = Random(state: seed)
        let requests = (0..<(2 + random.below(40))).map { _ in
            let first = random.below(30)
            return Request(
                sizeBytes: 64 * (1 + random.below(50)),
                firstStep: first,
                lastStep: first + random.below(10)
            )
        }
        let planner = ArenaPlanner(requests)
        let placement = planner.place()
        #expect(placement.sizeBytes >= planner.lowerBoundBytes, "seed \(seed)")
        for a in requests.indices {
            #expect(placement.offsets[a] % 64 == 0)
            #expect(placement.offsets[a] + requests[a].sizeBytes <= placement.sizeBytes)
            for b in requests.indices where a < b && requests[a].overlaps(requests[b]) {
                let isApart =
                    placement.offsets[a] + requests[a].sizeBytes <= placement.offsets[b]
                    || placement.offsets[b] + requests[b].sizeBytes <= placement.offsets[a]
                #expect(isApart, "seed \(seed), blocks \(a) and \(b)")
            }
        }
    }

    @Test("the same requests get the same places")
    func determinism() {
        var random = Random(state: 7)
        let requests = (0..<60).map { _ in
            let first = random.below(40)
            return Request(
                sizeBytes: 64 * (1 + random.below(90)),
                firstStep: first,
                lastStep: first + random.below(15)
            )
        }
        let places = (0..<2).map { _ in ArenaPlanner(requests).place() }
        #expect(places[0].offsets == places[1].offsets)
    }
}
