/// Whether a label is among a classifier's best classes.
public enum TopClasses {
    /// Whether `label` is among the `count` classes with the highest scores.
    ///
    /// Of classes with equal scores the first one ranks higher, as `argMax` decides, so that a
    /// `count` of 1 is the ordinary prediction. A NaN ranks below every number.
    ///
    /// - Parameters:
    ///   - label: the true class; one that has no score is never among them.
    ///   - scores: one a class.
    ///   - count: at least 1.
    /// - Returns: Whether fewer than `count` classes rank above the label.
    public static func contain(_ label: Int, in scores: [Float], count: Int) -> Bool {
        guard scores.indices.contains(label), !scores[label].isNaN else { return false }
        let own = scores[label]
        let above = scores.indices.count { index in
            scores[index] > own || (scores[index] == own && index < label)
        }
        return above < count
    }
}
