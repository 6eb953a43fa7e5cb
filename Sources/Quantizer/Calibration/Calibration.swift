import Foundation
public import ModelGraph
import Synchronization

/// How a graph is calibrated.
public struct CalibrationOptions {
    /// The most samples to keep for measuring quantization errors.
    public var evidenceCountMax: Int
    /// Is told the number of samples seen, after every few.
    public var progress: ((Int) -> Void)?

    /// Makes options.
    public init(evidenceCountMax: Int = 64, progress: ((Int) -> Void)? = nil) {
        self.evidenceCountMax = evidenceCountMax
        self.progress = progress
    }
}

/// Computes a float graph on samples and records what each activation takes.
///
/// Memory is one histogram a tensor and the samples that are kept, whatever the number of samples.
///
/// - Parameters:
///   - graph: a float graph, as `prepareForQuantization` returns it.
///   - samples: for each sample one tensor for every input of the graph, in its order.
///   - options: how many samples to keep, and whom to tell.
/// - Returns: the table that `quantize` takes together with the same graph.
/// - Throws: `CalibrationError` without samples, for samples that do not fit, and for values that
///   are not finite.
public func calibrate(
    _ graph: Graph,
    samples: some Sequence<[FloatTensor]>,
    options: CalibrationOptions = CalibrationOptions()
) throws(CalibrationError) -> CalibrationTable {
    let interpreter: ReferenceInterpreter
    do {
        interpreter = try ReferenceInterpreter(graph)
    } catch {
        throw .interpreter(error, sample: nil)
    }
    let observers = graph.observers()
    var evidence = EvidenceSelection(countMax: graph.evidenceCount(options.evidenceCountMax))
    var count = 0
    var rest = samples.makeIterator()
    while true {
        var batch: [[FloatTensor]] = []
        while batch.count < Computation.width, let sample = rest.next() { batch.append(sample) }
        if batch.isEmpty { break }
        let given = batch
        let faults = Computation.onAllCores(given.count) { index in
            observe(given[index], interpreter, observers)
        }
        for (index, fault) in faults.enumerated() {
            switch fault {
            case .interpreter(let error): throw .interpreter(error, sample: count + index)
            case .notFinite(let tensor):
                throw .notFinite(tensor: graph.tensors[tensor].name, sample: count + index)
            case nil: evidence.add(given[index])
            }
        }
        count += given.count
        options.progress?(count)
    }
    guard count > 0 else { throw .noSamples }
    let entries = zip(graph.tensors, observers).map { tensor, shared in
        let observer = shared.observer
        return observer.histogram.count == 0
            ? nil
            : CalibrationTable.Entry(
                tensor: tensor.name,
                histogram: observer.histogram,
                isStillGrowing: observer.isStillGrowing,
                channelReach: observer.channelReach
            )
    }
    return CalibrationTable(entries: entries, sampleCount: count, evidence: evidence.samples)
}

/// What is wrong with one sample.
private enum SampleFault: Sendable {
    case interpreter(InterpreterError)
    /// The first tensor that took a value that is NaN or infinite.
    case notFinite(Int)
}

/// Runs a sample and adds its activations to the observers.
private func observe(
    _ sample: [FloatTensor],
    _ interpreter: ReferenceInterpreter,
    _ observers: [SharedObserver]
) -> SampleFault? {
    var fault: Int?
    do throws(InterpreterError) {
        _ = try interpreter.run(sample) { id, tensor in
            if !observers[id.index].add(tensor.values) { fault = min(fault ?? .max, id.index) }
        }
    } catch {
        return .interpreter(error)
    }
    return fault.map { .notFinite($0) }
}

/// An observer that several samples may add to at once; its result does not depend on the order.
private final class SharedObserver: Sendable {
    private let guarded: Mutex<TensorObserver>

    init(channelCount: Int) { guarded = Mutex(TensorObserver(channelCount: channelCount)) }

    var observer: TensorObserver { guarded.withLock { $0 } }

    /// Adds the values that one sample gives a tensor.
    ///
    /// - Returns: Whether all are finite.
    func add(_ values: [Float]) -> Bool { guarded.withLock { $0.add(values) } }
}

extension Graph {
    /// An observer for each tensor, of channels too where a product reads them.
    fileprivate func observers() -> [SharedObserver] {
        var channelCounts = [Int](repeating: 0, count: tensors.count)
        for node in nodes where node.operator.isProduct {
            if let x = node.inputs[0] { channelCounts[x.index] = self[x].shape.last ?? 0 }
        }
        return channelCounts.map { SharedObserver(channelCount: $0) }
    }

    /// Activations of all samples that are kept, together: 1 GiB of float32 if none were freed.
    private static let evidenceElementsMax = 1 << 28

    /// As many samples as the option allows and memory holds, at least one.
    fileprivate func evidenceCount(_ countMax: Int) -> Int {
        let elements = tensors.reduce(1) { $0 + ($1.constant == nil ? $1.elementCount : 0) }
        return max(1, min(countMax, Graph.evidenceElementsMax / elements))
    }
}

/// The samples with the smallest digests: a choice that does not depend on their order.
struct EvidenceSelection {
    let countMax: Int
    private var kept: [(digest: UInt64, sample: [FloatTensor])] = []

    init(countMax: Int) { self.countMax = countMax }

    /// By ascending digest.
    var samples: [[FloatTensor]] { kept.map(\.sample) }

    mutating func add(_ sample: [FloatTensor]) {
        let digest = EvidenceSelection.digest(sample)
        let place = kept.firstIndex { digest <= $0.digest } ?? kept.count
        // A sample that occurs twice is no further evidence.
        if place < kept.count, kept[place].digest == digest { return }
        guard place < countMax else { return }
        kept.insert((digest, sample), at: place)
        if kept.count > countMax { kept.removeLast() }
    }

    /// The 64-bit FNV-1a hash over words (Fowler, Noll, Vo), finished by the mixer of SplitMix64.
    static func digest(_ sample: [FloatTensor]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for tensor in sample {
            for value in tensor.values {
                hash = (hash ^ UInt64(value.bitPattern)) &* 0x0000_0100_0000_01B3
            }
        }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
