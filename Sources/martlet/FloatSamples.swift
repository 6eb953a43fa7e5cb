import ModelGraph
import Packager
import Quantizer
import Terminal

/// Samples for all inputs of a float model, as the real numbers that it takes; each is read when
/// it is asked for.
struct FloatSamples {
    /// The files, in the order of the inputs.
    let paths: [String]
    private let columns: [SampleColumn]

    /// For each sample one tensor for every input of the graph.
    var samples: Samples { Samples(columns: columns) }

    /// Opens one array for each input and checks every sample.
    ///
    /// - Parameters:
    ///   - paths: `.npy` or `.npz` files in the order of the inputs, or `NAME=FILE`; samples lie
    ///     along the first axis.
    ///   - graph: the float graph whose inputs they fill.
    ///   - raw: what callers give at each input, where it was declared.
    /// - Throws: `Failure` for another type or shape, and for NaN and infinities.
    init(paths: [String], graph: Graph, raw: [RawInput?]) throws {
        let ordered = try NamedFiles.order(paths, names: graph.inputs.map(\.name))
        let columns = try zip(ordered, graph.inputs).enumerated().map { index, pair in
            try SampleColumn(
                pair.0,
                port: pair.1.name,
                shape: graph[pair.1.tensor].shape,
                raw: raw.indices.contains(index) ? raw[index] : nil
            )
        }
        let count = columns.first?.count ?? 0
        guard columns.allSatisfy({ $0.count == count }) else {
            throw Failure(
                .usage,
                "the inputs hold different numbers of samples: \(columns.map(\.count))"
            )
        }
        for column in columns {
            for sample in 0..<count { try column.check(column.reals(sample), sample: sample) }
        }
        self.paths = ordered
        self.columns = columns
    }

    /// Samples in the order of their files.
    struct Samples: RandomAccessCollection {
        fileprivate let columns: [SampleColumn]

        var startIndex: Int { 0 }
        var endIndex: Int { columns.first?.count ?? 0 }

        subscript(index: Int) -> [FloatTensor] {
            columns.compactMap { FloatTensor(shape: $0.shape, values: $0.reals(index)) }
        }
    }
}

extension FloatSamples {
    /// The digest of the bits of each sample.
    var digests: [String] {
        samples.map { sample in
            ContentDigest.sha256(
                sample.flatMap { tensor in
                    tensor.values.flatMap { value in
                        withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) }
                    }
                }
            )
        }
    }

    /// The samples in which every input is one number repeated.
    var constantSamples: [Int] {
        samples.indices.filter { index in
            let sample = samples[index]
            return sample.contains { $0.values.count > 1 }
                && sample.allSatisfy { tensor in
                    tensor.values.allSatisfy { $0 == tensor.values.first }
                }
        }
    }
}
