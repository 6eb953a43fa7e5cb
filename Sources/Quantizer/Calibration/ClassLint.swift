/// Says what is suspicious about the classes of labelled data.
public enum ClassLint {
    /// A class with this many times the samples of another outweighs it.
    public static let imbalanceMax = 10
    /// Labels beyond this many classes are no classes.
    private static let classCountMax = 65_536

    /// Looks at the classes of one data set, and at those that it lacks.
    ///
    /// - Parameters:
    ///   - labels: the class of each sample.
    ///   - role: what the data is for, such as `calibration`.
    ///   - needed: the classes of the data that judges the model.
    /// - Returns: what was found.
    public static func findings(
        _ labels: [Int],
        role: String,
        needed: [Int] = []
    ) -> [DataFinding] {
        let counts = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
        guard counts.count <= classCountMax else { return [] }
        var findings: [DataFinding] = []
        let sorted = counts.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        if let rare = sorted.first, let frequent = sorted.last,
            frequent.value >= imbalanceMax * rare.value
        {
            findings.append(
                DataFinding(
                    .unbalancedClasses,
                    .warning,
                    place: role,
                    message: "class \(frequent.key) has \(frequent.value) samples, class "
                        + "\(rare.key) \(rare.value)",
                    advice: "take about as many samples of each class"
                )
            )
        }
        var missing = SampleList()
        for label in Set(needed).subtracting(counts.keys).sorted() { missing.add(label) }
        if missing.count > 0 {
            findings.append(
                DataFinding(
                    .missingClasses,
                    .error,
                    place: role,
                    message: "classes without a \(role) sample: \(missing)",
                    advice: "add samples of every class that the model is judged on"
                )
            )
        }
        return findings
    }
}
