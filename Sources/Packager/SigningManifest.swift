public import BundleFormat

extension SigningKey {
    /// Signs a manifest in minisign's prehashed form.
    public func sign(_ manifest: Manifest) -> SignatureSlot { sign(SignableText(manifest)) }
}

extension ReleasePublicKey {
    /// The `.minisig` file that stock minisign verifies beside the manifest's bytes.
    public func minisign(_ slot: SignatureSlot, of manifest: Manifest) -> String {
        minisign(slot, of: SignableText(manifest))
    }
}
