import InferenceRuntime
public import ModelGraph

/// Turns a quantized graph into a program for a class of devices.
///
/// Nodes keep their order, those that no output depends on are left out, and everything that can
/// be computed ahead is: factors, tables, proofs against overflow, the place of every tensor.
/// The result depends on nothing but the arguments and has passed `Program.init(validating:)`.
///
/// - Parameters:
///   - graph: The model.
///   - target: The device: kernels and arena budget.
/// - Returns: The sections of the program and the plan of its arena.
/// - Throws: `PlannerError`; `.unsupported` lists every node that cannot be lowered.
public func plan(
    _ graph: QuantizedGraph,
    for target: TargetProfile
) throws(PlannerError) -> PlannedProgram {
    let lowered = try Lowering.lower(graph.graph)
    // Computing parts inside their whole saves copies, but may keep the whole alive longer.
    let candidates = [true, false].map { elides in
        MemoryLayoutPlan(MemoryMap(lowered, elidesCopies: elides))
    }
    let layout =
        candidates[1].placement.sizeBytes < candidates[0].placement.sizeBytes
        ? candidates[1] : candidates[0]
    let limit = min(target.arenaBytes ?? .max, UInt64(ProgramFormat.sizeBytesMax))
    guard UInt64(layout.placement.sizeBytes) <= limit else {
        throw .arenaTooLarge(sizeBytes: UInt64(layout.placement.sizeBytes), limitBytes: limit)
    }
    var emitter = ProgramEmitter(layout, ports: graph.graph)
    let planned = try emitter.emit(tier: target.kernelTier)
    do throws(ProgramError) {
        let copy = SectionCopy(planned)
        _ = try copy.validated()
    } catch {
        throw .programRefused(error)
    }
    return planned
}

/// A memory map with the offset of each of its blocks.
struct MemoryLayoutPlan {
    let map: MemoryMap
    let placement: ArenaPlanner.Placement
    let lowerBoundBytes: Int

    init(_ map: MemoryMap) {
        self.map = map
        let planner = ArenaPlanner(
            map.blocks.map { block in
                .init(
                    sizeBytes: block.sizeBytes,
                    firstStep: block.firstStep,
                    lastStep: block.lastStep
                )
            }
        )
        placement = planner.place()
        lowerBoundBytes = planner.lowerBoundBytes
    }

    /// The plan with names, for people.
    func arenaPlan() -> ArenaPlan {
        let values = map.program.values
        var names: [Int: [String]] = [:]
        for value in values.indices {
            names[map.program.storage(of: value).root, default: []].append(values[value].name)
        }
        let blocks = map.blocks.enumerated().map { index, block in
            ArenaPlan.Block(
                tensors: names[block.root, default: []],
                offset: placement.offsets[index],
                sizeBytes: block.sizeBytes,
                firstStep: block.firstStep,
                lastStep: block.lastStep
            )
        }
        return ArenaPlan(
            blocks: blocks.sorted { ($0.firstStep, $0.offset) < ($1.firstStep, $1.offset) },
            sizeBytes: placement.sizeBytes,
            lowerBoundBytes: lowerBoundBytes
        )
    }
}
