import ModelGraph

extension GraphRewrite {
    /// Moves scale between the channels of activations and the weights that read them (SmoothQuant:
    /// Xiao and others 2023, equation 4, with strength 1/2).
    ///
    ///     x ──► products with w          x · f ──► products with w / f
    ///
    /// A tensor has one scale, so a channel that reaches less far than others has fewer steps; the
    /// weights of an output have one scale, so weights far below the largest have fewer steps. With
    /// `f[c] = sqrt(w[c] / x[c])`, where `x[c]` and `w[c]` are how far the channel and its weights
    /// reach, both sides share what is uneven. The factors go for nothing into the product (with no
    /// clamp, or Relu) or the layer normalization that writes the tensor. Elsewhere they are a
    /// multiplication, whose factors are whole numbers up to 255, which int8 constants hold
    /// exactly; it must gain more, since it costs an operator.
    ///
    /// - Parameter reach: the largest magnitude of each channel of a tensor.
    mutating func migrateScales(reach: (TensorID) -> [Float]?) {
        for tensor in graph.tensors.indices.map(TensorID.init) {
            guard let reaches = reach(tensor), let readers = productReaders(of: tensor),
                let migration = Migration(reaches, readers.map(\.weights))
            else { continue }
            if isScalable(tensor) {
                guard migration.noiseShare < Migration.shareFolded else { continue }
                scaleWriter(of: tensor, by: migration.factors)
                divide(readers, by: migration.factors)
                record(.equalized, graph[tensor].name, "channels with \(names(readers))")
            } else if migration.noiseShare < Migration.shareInserted {
                let factors = migration.wholeFactors
                divide(readers, by: factors)
                insertMultiplication(of: tensor, by: factors, before: readers.map(\.node))
                record(
                    .equalized,
                    graph[tensor].name,
                    "by a multiplication before \(names(readers))"
                )
            }
        }
    }

    private typealias Reader = (node: Int, weights: ProductWeights)

    private func names(_ readers: [Reader]) -> String {
        readers.map { "'\(graph.nodes[$0.node].name)'" }.joined(separator: ", ")
    }

    /// The products that read a tensor; `nil` when anything else reads it.
    ///
    /// A depthwise convolution has a scale of its own for each channel, and gains nothing.
    private func productReaders(of tensor: TensorID) -> [Reader]? {
        guard !graph.outputs.contains(where: { $0.tensor == tensor }) else { return nil }
        var readers: [Reader] = []
        for (index, node) in graph.nodes.enumerated() where node.inputs.contains(tensor) {
            switch node.operator {
            case .convolution2D, .fullyConnected:
                guard node.inputs[0] == tensor, !node.inputs.dropFirst().contains(tensor),
                    let weights = ProductWeights(node, in: self)
                else { return nil }
                readers.append((index, weights))
            default: return nil
            }
        }
        return readers.isEmpty ? nil : readers
    }

    /// Whether the node that writes a tensor has constants that take factors for its channels.
    private func isScalable(_ tensor: TensorID) -> Bool {
        guard let writer = graph.nodes.firstIndex(where: { $0.outputs.contains(tensor) }) else {
            return false
        }
        let node = graph.nodes[writer]
        switch node.operator {
        case .layerNormalization: return node.inputs.dropFirst().allSatisfy { reals($0) != nil }
        case .convolution2D(_, .none), .convolution2D(_, .relu), .fullyConnected(.none),
            .fullyConnected(.relu), .depthwiseConvolution2D(_, _, .none),
            .depthwiseConvolution2D(_, _, .relu):
            return ProductWeights(node, in: self) != nil
        default: return false
        }
    }

    private mutating func scaleWriter(of tensor: TensorID, by factors: [Float]) {
        guard let writer = graph.nodes.firstIndex(where: { $0.outputs.contains(tensor) }) else {
            return
        }
        if var weights = ProductWeights(graph.nodes[writer], in: self) {
            weights.scaleOutputs(factors)
            weights.bias = zip(weights.bias, factors).map { $0 * $1 }
            return weights.store(in: &self, node: writer)
        }
        for place in graph.nodes[writer].inputs.indices.dropFirst() {
            guard let id = graph.nodes[writer].inputs[place], let values = reals(id) else {
                continue
            }
            graph.nodes[writer].inputs[place] = addConstant(
                zip(values, factors).map { $0 * $1 },
                shape: graph[id].shape,
                name: graph[id].name
            )
        }
    }

    private mutating func divide(_ readers: [Reader], by factors: [Float]) {
        for reader in readers {
            var weights = reader.weights
            weights.scaleInputs(factors.map { 1 / $0 })
            weights.store(in: &self, node: reader.node)
        }
    }

    private mutating func insertMultiplication(
        of tensor: TensorID,
        by factors: [Float],
        before readers: [Int]
    ) {
        let name = graph[tensor].name
        let scaled = addActivation(shape: graph[tensor].shape, name: "\(name).scaled")
        let constant = addConstant(factors, shape: [factors.count], name: "\(name).factors")
        for reader in readers { graph.nodes[reader].inputs[0] = scaled }
        graph.nodes.insert(
            Node(
                name: "\(name).scale",
                operator: .binary(.multiply, .none),
                inputs: [tensor, constant],
                outputs: [scaled]
            ),
            at: readers.min() ?? 0
        )
    }
}

/// The factors of one tensor's channels, and what they gain.
private struct Migration {
    /// Factors that cost nothing are worth it when less than this share of the noise is left.
    static let shareFolded = 0.9
    /// An operator more is worth it when 6 dB are gained.
    static let shareInserted = 0.25
    /// Channels and weights below this share of the largest count as silent and stay.
    private static let silentShare: Float = 0x1p-12
    private static let factorMax: Float = 0x1p10

    let factors: [Float]
    /// The estimated noise of the products with the factors, as a share of that without.
    let noiseShare: Double

    /// `nil` when nothing is there to scale.
    init?(_ reaches: [Float], _ readers: [ProductWeights]) {
        guard let widest = reaches.max(), widest > 0, widest.isFinite,
            readers.allSatisfy({ $0.inputCount == reaches.count })
        else { return nil }
        var weights = [Float](repeating: 0, count: reaches.count)
        for reader in readers { weights = zip(weights, reader.inputReach).map { max($0, $1) } }
        guard let heaviest = weights.max(), heaviest > 0, heaviest.isFinite else { return nil }
        // A channel that was never seen to move may move as far as any other.
        let reaches = reaches.map { $0 > widest * Self.silentShare ? $0 : widest }
        let raw = zip(weights, reaches).map { weight, reach -> Float? in
            weight > heaviest * Self.silentShare ? (weight / reach).squareRoot() : nil
        }
        let least = raw.compactMap { $0 }.min() ?? 1
        let factors = raw.map { min(($0 ?? least) / least, Self.factorMax) }
        self.factors = factors
        let scaled = zip(reaches, factors).map { $0 * $1 }
        var (before, after) = (0.0, 0.0)
        for reader in readers {
            before += reader.noise(reaches: reaches)
            var divided = reader
            divided.scaleInputs(factors.map { 1 / $0 })
            after += divided.noise(reaches: scaled)
        }
        guard before > 0 else { return nil }
        noiseShare = after / before
    }

    /// The factors as whole numbers from 1 to 255, the largest 255.
    var wholeFactors: [Float] {
        let largest = factors.max() ?? 1
        return factors.map { max(1, ($0 / largest * 255).rounded()) }
    }
}

extension ProductWeights {
    /// An estimate of the mean square that rounding adds to the outputs, summed over them.
    ///
    /// Rounding a channel adds `step² / 12` for each weight squared; rounding a weight adds
    /// `step² / 12` for the mean square of its channel, taken as an eighth of its reach squared.
    fileprivate func noise(reaches: [Float]) -> Double {
        let step = Double(reaches.max() ?? 0) / 127
        let weightSteps = outputReach.map { Double($0) / 127 }
        return (0..<values.count).reduce(0.0) { sum, index in
            let (output, input) = channels(of: index)
            let (weight, reach) = (Double(values[index]), Double(reaches[input]))
            return sum + step * step * weight * weight
                + weightSteps[output] * weightSteps[output] * reach * reach / 8
        }
    }
}
