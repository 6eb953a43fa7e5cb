import ModelGraph
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

    /// Opens one array for each input.
    ///
    /// - Parameters:
    ///   - paths: `.npy` or `.npz` files in the order of the inputs, or `NAME=FILE`; samples lie
    ///     along the first axis.
    ///   - graph: the float graph whose inputs they fill.
    ///   - raw: what callers give at each input, where it was declared.
    /// - Throws: `Failure` for another type or shape.
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
        self.paths = ordered
        self.columns = columns
    }

    /// Checks every sample and says what is suspicious about them.
    ///
    /// - Parameters:
    ///   - role: what they are for, such as `calibration`.
    ///   - graph: the float graph that they were opened for.
    ///   - raw: what callers give at each input, where it was declared.
    /// - Returns: what was seen.
    /// - Throws: `Failure` for NaN, infinities and numbers that are no bytes where bytes were
    ///   declared.
    func lint(role: String, graph: Graph, raw: [RawInput?]) throws -> DataLint {
        var lint = DataLint(role: role, graph: graph, raw: raw)
        for (index, sample) in samples.enumerated() {
            for (column, tensor) in zip(columns, sample) {
                try column.check(tensor.values, sample: index)
            }
            lint.add(sample)
        }
        try check()
        return lint
    }

    /// What is unexpected about the element types of the arrays.
    func typeFindings(role: String) -> [DataFinding] {
        columns.compactMap { $0.typeFinding(role: role) }
    }

    /// Reports a read that failed since the arrays were opened.
    ///
    /// - Throws: `Failure` when a file changed under it.
    func check() throws {
        for column in columns { try column.array.check() }
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
