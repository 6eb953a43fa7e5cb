extension FirmwareProfile {
    /// Everything that is wrong with the profile; empty when it can be built.
    ///
    /// - Parameters:
    ///   - knownTargets: the names of the target profiles; nil = the target is not looked at.
    ///   - contentSizes: the sizes in bytes of what is known of the built-in artifacts and inputs,
    ///     a folder's being the sum of its files'; what is absent is not looked at.
    /// - Returns: The problems, in the order of the profile's text.
    public func problems(
        knownTargets: Set<String>? = nil,
        contentSizes: [String: Int64] = [:]
    ) -> [FirmwareProblem] {
        dataProblems()
    }

    private func dataProblems() -> [FirmwareProblem] {
        guard disk == nil else {
            return partition(.data) == nil ? [.dataPartitionMissing] : []
        }
        guard let available = data.sizeBytes else { return [.dataSizeMissing] }
        guard data.neededBytes <= available else {
            return [.noRoom(neededBytes: data.neededBytes, availableBytes: available)]
        }
        return []
    }
}
