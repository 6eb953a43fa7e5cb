extension QualityReport {
    /// What became of the integer graph on its way into a bundle.
    public struct Deployment: Sendable, Hashable, Codable {
        /// The product's name.
        public var name: String
        /// The product's version.
        public var version: String
        /// The file of the float model, without its folder.
        public var model: String
        /// The target profile's name.
        public var target: String
        /// What the target profile says of itself.
        public var targetDescription: String
        /// The digest of the image, in hexadecimal.
        public var contentID: String
        /// Why no bundle was written; absent when one was.
        public var refusal: String?
        /// The gates that were asked for, and what they say.
        public var gates: [Gate]
        /// The accuracy on labelled samples, where there were any.
        public var accuracy: Accuracy?
        /// How large everything is.
        public var sizes: Sizes
        /// Which bytes are in use when.
        public var arena: Arena
        /// How long an inference takes; absent when nothing measured it.
        public var latency: Latency?

        /// Makes a deployment from its parts.
        public init(
            name: String,
            version: String,
            model: String,
            target: String,
            targetDescription: String,
            contentID: String,
            refusal: String?,
            gates: [Gate],
            accuracy: Accuracy?,
            sizes: Sizes,
            arena: Arena,
            latency: Latency?
        ) {
            self.name = name
            self.version = version
            self.model = model
            self.target = target
            self.targetDescription = targetDescription
            self.contentID = contentID
            self.refusal = refusal
            self.gates = gates
            self.accuracy = accuracy
            self.sizes = sizes
            self.arena = arena
            self.latency = latency
        }
    }

    /// Sizes in bytes, and the work of one inference.
    public struct Sizes: Sendable, Hashable, Codable {
        /// The file of the float model.
        public var modelFileBytes: Int
        /// The constants of the float model at 32 bits each.
        public var floatWeightBytes: Int
        /// The weights as the device keeps them.
        public var weightBytes: Int
        /// The installed image.
        public var imageBytes: Int
        /// The bundle as it travels.
        public var bundleBytes: Int
        /// The multiply-accumulates of one inference.
        public var multiplyAccumulates: Int

        /// Makes sizes from their parts, each at least 0.
        public init(
            modelFileBytes: Int,
            floatWeightBytes: Int,
            weightBytes: Int,
            imageBytes: Int,
            bundleBytes: Int,
            multiplyAccumulates: Int
        ) {
            self.modelFileBytes = modelFileBytes
            self.floatWeightBytes = floatWeightBytes
            self.weightBytes = weightBytes
            self.imageBytes = imageBytes
            self.bundleBytes = bundleBytes
            self.multiplyAccumulates = multiplyAccumulates
        }
    }

    /// The arena over the steps of one inference.
    public struct Arena: Sendable, Hashable, Codable {
        /// Tensors that share one place.
        public struct Block: Sendable, Hashable, Codable {
            /// The tensors, in the order in which they are written.
            public var tensors: [String]
            /// Where the block starts.
            public var offset: Int
            /// Its size.
            public var sizeBytes: Int
            /// The step that first writes it; 0 is the caller, 1 the first operator.
            public var firstStep: Int
            /// The step that last reads it, at least `firstStep`.
            public var lastStep: Int

            /// Makes a block from its parts.
            public init(
                tensors: [String],
                offset: Int,
                sizeBytes: Int,
                firstStep: Int,
                lastStep: Int
            ) {
                self.tensors = tensors
                self.offset = offset
                self.sizeBytes = sizeBytes
                self.firstStep = firstStep
                self.lastStep = lastStep
            }
        }

        /// The size of the arena.
        public var sizeBytes: Int
        /// The most bytes live at once; no arena of these blocks is smaller.
        public var lowerBoundBytes: Int
        /// The steps, the caller's before and after the operators included.
        public var stepCount: Int
        /// The blocks in the order of first use.
        public var blocks: [Block]
        /// The bytes in use at each step.
        public var liveBytes: [Int]

        /// Makes an arena from its blocks, whose steps are at least 0.
        public init(sizeBytes: Int, lowerBoundBytes: Int, blocks: [Block]) {
            self.sizeBytes = sizeBytes
            self.lowerBoundBytes = lowerBoundBytes
            self.blocks = blocks
            let count = (blocks.map(\.lastStep).max() ?? 0) + 1
            stepCount = count
            var change = [Int](repeating: 0, count: count + 1)
            for block in blocks {
                change[block.firstStep] += block.sizeBytes
                change[block.lastStep + 1] -= block.sizeBytes
            }
            var live = 0
            liveBytes = change.dropLast().map { step in
                live += step
                return live
            }
        }
    }

    /// How long one inference takes, and how that is known.
    public struct Latency: Sendable, Hashable, Codable {
        /// The median in microseconds.
        public var medianMicroseconds: Double
        /// The 90th percentile in microseconds.
        public var percentile90Microseconds: Double
        /// The inferences that were timed.
        public var runCount: Int
        /// Where and how it was measured.
        public var method: String

        /// Makes a latency from what was measured.
        public init(
            medianMicroseconds: Double,
            percentile90Microseconds: Double,
            runCount: Int,
            method: String
        ) {
            self.medianMicroseconds = medianMicroseconds
            self.percentile90Microseconds = percentile90Microseconds
            self.runCount = runCount
            self.method = method
        }
    }
}
