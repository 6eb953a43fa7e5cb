// How signatures are counted, everywhere:
//
// 1. A slot's key id finds a key among those that are trusted; it proves nothing.
// 2. A slot that names a trusted key and is not that key's signature refuses the whole text.
// 3. Slots of other keys are passed over: another root may trust them.
// 4. A key counts once, by its 32 bytes. libsodium refuses keys that are not encoded canonically
//    and points of small order, so one point has one encoding.

extension Envelope {
    /// The keys, each once, of those given that signed the text's hash.
    ///
    /// - Throws: `BundleError.signatureInvalid`.
    func signers(among keys: [PublicKey]) throws(BundleError) -> [PublicKey] {
        var signers: [PublicKey] = []
        for (index, slot) in slots.enumerated() {
            let named = keys.filter { SignatureSlot.keyID(of: $0) == slot.keyID }
            guard !named.isEmpty else { continue }
            let valid = named.filter { $0.isValid(signature: slot.signature, of: textHash) }
            guard !valid.isEmpty else { throw .signatureInvalid(slot: index) }
            for key in valid where !signers.contains(key) { signers.append(key) }
        }
        return signers
    }

    /// Checks the second signature of the given keys' slots over the comment that the text gives.
    ///
    /// - Throws: `BundleError.signatureInvalid`.
    func checkComments(_ comment: [UInt8], among keys: [PublicKey]) throws(BundleError) {
        for (index, slot) in slots.enumerated() {
            let message = slot.signature + comment
            let named = keys.filter { SignatureSlot.keyID(of: $0) == slot.keyID }
            guard !named.isEmpty else { continue }
            guard
                named.contains(where: {
                    $0.isValid(signature: slot.signature, of: textHash)
                        && $0.isValid(signature: slot.commentSignature, of: message)
                })
            else { throw .signatureInvalid(slot: index) }
        }
    }
}
