import BundleFormat

/// The proof that this machine computes what the bundle promises.
enum SelfTest {
    /// Runs every golden vector and compares every bit of every output.
    ///
    /// Every vector starts from the initial values of the model's states, which it leaves so.
    ///
    /// - Returns: the number of vectors.
    /// - Throws: `AgentError.goldenMismatch` for the first vector that differs.
    static func run(_ engine: inout InferenceEngine) throws(AgentError) -> Int {
        let section = try unsafe engine.section(.golden)
        let vectors: GoldenVectors
        do throws(BundleError) {
            // Safe: the section is a part of the mapped image.
            vectors = try unsafe GoldenVectors(validating: section)
        } catch {
            throw .bundle(error, engine.image.path)
        }
        guard vectors.inputSizeBytes == engine.inputSizeBytes,
            vectors.outputSizeBytes == engine.outputSizeBytes
        else {
            throw .goldenShape(
                inputBytes: vectors.inputSizeBytes,
                outputBytes: vectors.outputSizeBytes
            )
        }
        var outputs = [UInt8](repeating: 0, count: engine.outputSizeBytes)
        for index in 0..<vectors.count {
            // Safe: the ranges lie in the section that they were proved against.
            let inputs = unsafe section[vectors.inputRange(index)]
            engine.resetState()
            unsafe outputs.withUnsafeMutableBytes { outputs in
                _ = unsafe engine.infer(UnsafeRawBufferPointer(rebasing: inputs), into: outputs)
            }
            let start = vectors.outputRange(index).lowerBound
            for byte in outputs.indices where unsafe outputs[byte] != section[start + byte] {
                throw .goldenMismatch(vector: index, byte: byte)
            }
        }
        engine.resetState()
        return vectors.count
    }
}
