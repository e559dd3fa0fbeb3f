//! The only unsafe code: libxml2 and libxmlsec1 through the bindings of the `xmlsec` crate.
//!
//! Each call parses the document anew, registers the one ID that is signed, and lets libxmlsec1 verify with a key that
//! is given to it; it reads none from the document, fetches nothing, and may only use the transforms that the screen
//! has found in the document. Both libraries are initialised once per process and never shut down.
#![expect(unsafe_code, reason = "a C library; this file is its only door")]

use std::ffi::{CStr, CString, c_char, c_int, c_uchar, c_uint, c_void};
use std::ptr;
use std::sync::{Mutex, OnceLock};

use xmlsec::bindings as c;

use super::{Canonicalization, DigestAlgorithm, SignatureAlgorithm};
use crate::keys::VerificationKey;

/// What to verify.
pub(super) struct Job<'a> {
    /// The whole document; the strict reader has taken it.
    pub(super) source: &'a str,
    /// The signed element, counted in document order from 0.
    pub(super) owner: usize,
    /// Its Signature, counted likewise.
    pub(super) signature: usize,
    /// The ID of the signed element.
    pub(super) id: &'a str,
    pub(super) algorithm: SignatureAlgorithm,
    /// How SignedInfo is canonicalized.
    pub(super) method: Canonicalization,
    /// How the signed element is canonicalized.
    pub(super) transform: Canonicalization,
    pub(super) digest: DigestAlgorithm,
}

/// Why there are no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The signature is not good.
    Bad,
    /// The library could not do its work.
    Broken,
}

/// Verifies with one key and gives the bytes that were digested.
pub(super) fn verify(job: &Job<'_>, key: &VerificationKey) -> Result<Vec<u8>, Refused> {
    initialise()?;
    let _quiet = Quiet::new();
    let document = Parsed::new(job.source)?;
    let owner = document.element(job.owner).ok_or(Refused::Broken)?;
    let signature = document.element(job.signature).ok_or(Refused::Broken)?;
    document.register_id(owner, job.id)?;
    let context = Context::new(job, key)?;
    context.verify(signature, job.id)
}

/// A key in the form of libxmlsec1, loaded at its first use.
pub(crate) struct XmlsecKey(Mutex<*mut c::_xmlSecKey>);

// SAFETY: the key is plain memory without ties to a thread; the mutex lets one thread at a time duplicate it.
unsafe impl Send for XmlsecKey {}
// SAFETY: as above; nothing but duplication happens through a shared reference.
unsafe impl Sync for XmlsecKey {}

impl XmlsecKey {
    /// Loads a key from the DER of its SubjectPublicKeyInfo.
    pub(crate) fn new(spki: &[u8]) -> Option<Self> {
        initialise().ok()?;
        let _quiet = Quiet::new();
        let size = c_uint::try_from(spki.len()).ok()?;
        // SAFETY: `spki` is readable for `size` bytes during the call, which copies what it needs; DER has no pass
        // phrase, so null is right for all that has to do with one.
        let key = unsafe {
            c::xmlSecOpenSSLAppKeyLoadMemory(
                spki.as_ptr(),
                size,
                c::xmlSecKeyDataFormat_xmlSecKeyDataFormatDer,
                ptr::null(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        (!key.is_null()).then(|| Self(Mutex::new(key)))
    }

    fn duplicate(&self) -> Option<*mut c::_xmlSecKey> {
        let key = self.0.lock().ok()?;
        // SAFETY: the key is live as long as `self`, and the lock keeps other threads away from it.
        let copy = unsafe { c::xmlSecKeyDuplicate(*key) };
        (!copy.is_null()).then_some(copy)
    }
}

impl Drop for XmlsecKey {
    fn drop(&mut self) {
        if let Ok(key) = self.0.get_mut() {
            // SAFETY: it was made by xmlSecOpenSSLAppKeyLoadMemory, is owned here and not used afterwards.
            unsafe { c::xmlSecKeyDestroy(*key) };
        }
    }
}

/// Initialises both libraries, once per process.
fn initialise() -> Result<(), Refused> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = *DONE.get_or_init(|| {
        openssl::init();
        // SAFETY: OnceLock lets one thread do this, before any other use; OpenSSL is initialised. The callback has the
        // type that xmlsec/errors.h declares, and does nothing.
        unsafe {
            c::xmlInitParser();
            let done = c::xmlSecInit() == 0 && c::xmlSecOpenSSLInit() == 0;
            // After xmlSecInit, which sets the one that prints.
            xmlSecErrorsSetCallback(Some(ignore_xmlsec_error));
            done
        }
    });
    if done { Ok(()) } else { Err(Refused::Broken) }
}

/// Keeps libxml2 from writing to standard error on this thread, and leaves the host's handler as it was.
struct Quiet {
    handler: c::xmlStructuredErrorFunc,
    context: *mut c_void,
}

impl Quiet {
    fn new() -> Self {
        // SAFETY: both functions return the address of a variable of this thread, which is always there.
        let before = unsafe {
            Self { handler: *c::__xmlStructuredError(), context: *c::__xmlStructuredErrorContext() }
        };
        // SAFETY: the handler has the type that libxml2 declares, and does nothing.
        unsafe { c::xmlSetStructuredErrorFunc(ptr::null_mut(), Some(ignore_libxml_error)) };
        before
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // SAFETY: these are the values that were there before, on the same thread: Quiet is not Send.
        unsafe { c::xmlSetStructuredErrorFunc(self.context, self.handler) };
        // What OpenSSL noted in passing must not surprise the host's next call.
        drop(openssl::error::ErrorStack::get());
    }
}

/// A document of libxml2.
struct Parsed(*mut c::_xmlDoc);

impl Parsed {
    fn new(source: &str) -> Result<Self, Refused> {
        let size = c_int::try_from(source.len()).map_err(|_| Refused::Broken)?;
        let options = c::xmlParserOption_XML_PARSE_NONET
            | c::xmlParserOption_XML_PARSE_NOERROR
            | c::xmlParserOption_XML_PARSE_NOWARNING;
        let options = c_int::try_from(options).map_err(|_| Refused::Broken)?;
        // SAFETY: `source` is readable for `size` bytes during the call, the encoding ends in NUL, the context is
        // checked for null and freed here; the document does not refer to it once it is parsed.
        let document = unsafe {
            let context = c::xmlNewParserCtxt();
            if context.is_null() {
                return Err(Refused::Broken);
            }
            let data = source.as_ptr().cast::<c_char>();
            let document = c::xmlCtxtReadMemory(context, data, size, ptr::null(), c"UTF-8".as_ptr(), options);
            let well_formed = (*context).wellFormed == 1 && (*context).nsWellFormed == 1;
            c::xmlFreeParserCtxt(context);
            if !document.is_null() && !well_formed {
                c::xmlFreeDoc(document);
                return Err(Refused::Bad);
            }
            document
        };
        if document.is_null() { Err(Refused::Bad) } else { Ok(Self(document)) }
    }

    /// The element with this place in document order.
    fn element(&self, place: usize) -> Option<*mut c::_xmlNode> {
        let mut left = place;
        // SAFETY: the document is live; root may be null, which the loop minds.
        let root = unsafe { c::xmlDocGetRootElement(self.0) };
        let mut at = root;
        while !at.is_null() {
            // SAFETY: `at` is not null and a node of the live document, whose links are valid or null.
            let (kind, children, mut next, mut parent) =
                unsafe { ((*at).type_, (*at).children, (*at).next, (*at).parent) };
            if kind == c::xmlElementType_XML_ELEMENT_NODE {
                match left.checked_sub(1) {
                    None => return Some(at),
                    Some(rest) => left = rest,
                }
                if !children.is_null() {
                    at = children;
                    continue;
                }
            }
            if at == root {
                return None;
            }
            while next.is_null() {
                if parent.is_null() || parent == root {
                    return None;
                }
                // SAFETY: `parent` is not null and below the root, so it is an element of the live document.
                (next, parent) = unsafe { ((*parent).next, (*parent).parent) };
            }
            at = next;
        }
        None
    }

    /// Makes an element's `ID` attribute, and it alone, what a Reference finds.
    fn register_id(&self, owner: *mut c::_xmlNode, id: &str) -> Result<(), Refused> {
        let id = CString::new(id).map_err(|_| Refused::Broken)?;
        let id = id.as_ptr().cast::<c_uchar>();
        // SAFETY: document and node are live, both strings end in NUL and are copied where they are kept; the
        // attribute is checked for null before it is registered.
        let registered = unsafe {
            let attribute = c::xmlHasProp(owner, c"ID".as_ptr().cast());
            c::xmlGetID(self.0, id).is_null()
                && !attribute.is_null()
                && !c::xmlAddID(ptr::null_mut(), self.0, id, attribute).is_null()
        };
        if registered { Ok(()) } else { Err(Refused::Broken) }
    }
}

impl Drop for Parsed {
    fn drop(&mut self) {
        // SAFETY: it is owned here and not used afterwards.
        unsafe { c::xmlFreeDoc(self.0) };
    }
}

/// A verification in libxmlsec1.
struct Context(*mut c::_xmlSecDSigCtx);

impl Context {
    fn new(job: &Job<'_>, key: &VerificationKey) -> Result<Self, Refused> {
        let key = key.xmlsec().and_then(XmlsecKey::duplicate).ok_or(Refused::Broken)?;
        // SAFETY: no keys manager is wanted; the result is checked for null, and the key freed if no context takes it.
        let context = unsafe {
            let context = c::xmlSecDSigCtxCreate(ptr::null_mut());
            if context.is_null() {
                c::xmlSecKeyDestroy(key);
                return Err(Refused::Broken);
            }
            // With a key in place KeyInfo is not read at all. The context frees it.
            (*context).signKey = key;
            (*context).flags =
                c::XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS | c::XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
            (*context).enabledReferenceUris = c::xmlSecTransformUriTypeSameDocument;
            Self(context)
        };
        let reference = [
            transform(Transform::Enveloped),
            transform(Transform::Canonicalization(job.transform)),
            transform(Transform::Digest(job.digest)),
        ];
        let signature = [
            transform(Transform::Canonicalization(job.method)),
            transform(Transform::Signature(job.algorithm)),
        ];
        // SAFETY: the context is live, the classes are static data of the library, checked for null.
        let enabled = unsafe {
            reference.iter().all(|class| {
                !class.is_null() && c::xmlSecDSigCtxEnableReferenceTransform(context.0, *class) == 0
            }) && signature.iter().all(|class| {
                !class.is_null() && c::xmlSecDSigCtxEnableSignatureTransform(context.0, *class) == 0
            })
        };
        if enabled { Ok(context) } else { Err(Refused::Broken) }
    }

    fn verify(&self, signature: *mut c::_xmlNode, id: &str) -> Result<Vec<u8>, Refused> {
        // SAFETY: the context is live and used once; the node is one of a document that outlives this call.
        let verified = unsafe {
            c::xmlSecDSigCtxVerify(self.0, signature) == 0
                && (*self.0).status == c::xmlSecDSigStatus_xmlSecDSigStatusSucceeded
        };
        if !verified {
            return Err(Refused::Bad);
        }
        // SAFETY: the list is a field of the live context.
        let references = unsafe { &raw mut (*self.0).signedInfoReferences };
        // SAFETY: as above; items of this list are of this type, checked for null.
        let reference = unsafe {
            if c::xmlSecPtrListGetSize(references) != 1 {
                return Err(Refused::Broken);
            }
            c::xmlSecPtrListGetItem(references, 0).cast::<c::_xmlSecDSigReferenceCtx>()
        };
        if reference.is_null() {
            return Err(Refused::Broken);
        }
        // SAFETY: the reference belongs to the live context; its URI is null or ends in NUL.
        let same = unsafe {
            (*reference).status == c::xmlSecDSigStatus_xmlSecDSigStatusSucceeded
                && !(*reference).uri.is_null()
                && CStr::from_ptr((*reference).uri.cast()).to_bytes().strip_prefix(b"#")
                    == Some(id.as_bytes())
        };
        if !same {
            return Err(Refused::Broken);
        }
        // SAFETY: the buffer belongs to the live context, since STORE_SIGNEDINFO_REFERENCES is set; it is copied
        // before the context goes, and checked for null.
        unsafe {
            let buffer = c::xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
            if buffer.is_null() {
                return Err(Refused::Broken);
            }
            let (data, size) = (c::xmlSecBufferGetData(buffer), c::xmlSecBufferGetSize(buffer));
            let size = usize::try_from(size).map_err(|_| Refused::Broken)?;
            if data.is_null() {
                return Err(Refused::Broken);
            }
            Ok(std::slice::from_raw_parts(data, size).to_vec())
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it is owned here and not used afterwards; it frees the key.
        unsafe { c::xmlSecDSigCtxDestroy(self.0) };
    }
}

#[derive(Clone, Copy)]
enum Transform {
    Enveloped,
    Canonicalization(Canonicalization),
    Digest(DigestAlgorithm),
    Signature(SignatureAlgorithm),
}

/// The class of a transform; null if the library has none.
fn transform(transform: Transform) -> c::xmlSecTransformId {
    use Canonicalization as C14n;
    use SignatureAlgorithm as Sign;
    // SAFETY: these functions return the addresses of static data and need no more than the initialised library,
    // which every caller has seen to.
    unsafe {
        match transform {
            Transform::Enveloped => c::xmlSecTransformEnvelopedGetKlass(),
            Transform::Canonicalization(C14n::Exclusive) => c::xmlSecTransformExclC14NGetKlass(),
            Transform::Canonicalization(C14n::ExclusiveWithComments) => {
                c::xmlSecTransformExclC14NWithCommentsGetKlass()
            }
            Transform::Canonicalization(C14n::Inclusive) => c::xmlSecTransformInclC14NGetKlass(),
            Transform::Canonicalization(C14n::InclusiveWithComments) => {
                c::xmlSecTransformInclC14NWithCommentsGetKlass()
            }
            Transform::Canonicalization(C14n::Inclusive11) => c::xmlSecTransformInclC14N11GetKlass(),
            Transform::Canonicalization(C14n::Inclusive11WithComments) => {
                c::xmlSecTransformInclC14N11WithCommentsGetKlass()
            }
            Transform::Digest(DigestAlgorithm::Sha1) => c::xmlSecOpenSSLTransformSha1GetKlass(),
            Transform::Digest(DigestAlgorithm::Sha256) => c::xmlSecOpenSSLTransformSha256GetKlass(),
            Transform::Digest(DigestAlgorithm::Sha384) => c::xmlSecOpenSSLTransformSha384GetKlass(),
            Transform::Digest(DigestAlgorithm::Sha512) => c::xmlSecOpenSSLTransformSha512GetKlass(),
            Transform::Signature(Sign::EcdsaSha1) => c::xmlSecOpenSSLTransformEcdsaSha1GetKlass(),
            Transform::Signature(Sign::EcdsaSha256) => c::xmlSecOpenSSLTransformEcdsaSha256GetKlass(),
            Transform::Signature(Sign::EcdsaSha384) => c::xmlSecOpenSSLTransformEcdsaSha384GetKlass(),
            Transform::Signature(Sign::EcdsaSha512) => c::xmlSecOpenSSLTransformEcdsaSha512GetKlass(),
            Transform::Signature(Sign::RsaSha1) => c::xmlSecOpenSSLTransformRsaSha1GetKlass(),
            Transform::Signature(Sign::RsaSha256) => c::xmlSecOpenSSLTransformRsaSha256GetKlass(),
            Transform::Signature(Sign::RsaSha384) => c::xmlSecOpenSSLTransformRsaSha384GetKlass(),
            Transform::Signature(Sign::RsaSha512) => c::xmlSecOpenSSLTransformRsaSha512GetKlass(),
            Transform::Signature(
                Sign::Ed25519 | Sign::RsaPssSha256 | Sign::RsaPssSha384 | Sign::RsaPssSha512,
            ) => ptr::null(),
        }
    }
}

// Neither callback may panic or keep what it is given.
unsafe extern "C" fn ignore_libxml_error(_: *mut c_void, _: c::xmlErrorPtr) {}

unsafe extern "C" fn ignore_xmlsec_error(
    _file: *const c_char,
    _line: c_int,
    _function: *const c_char,
    _object: *const c_char,
    _subject: *const c_char,
    _reason: c_int,
    _message: *const c_char,
) {
}

type XmlsecErrorCallback = unsafe extern "C" fn(
    *const c_char,
    c_int,
    *const c_char,
    *const c_char,
    *const c_char,
    c_int,
    *const c_char,
);

// SAFETY: as xmlsec/errors.h declares it; it is missing from the bindings.
unsafe extern "C" {
    fn xmlSecErrorsSetCallback(callback: Option<XmlsecErrorCallback>);
}

/// What libxml2 says, for tests to compare with.
#[cfg(test)]
pub(crate) mod oracle {
    use super::{CString, Canonicalization, Parsed, Quiet, c, c_int, c_uchar, c_void, initialise, ptr};

    /// Whether libxml2 takes a document.
    pub(crate) fn accepts(source: &str) -> bool {
        initialise().is_ok() && {
            let _quiet = Quiet::new();
            Parsed::new(source).is_ok()
        }
    }

    /// libxml2's canonical form of an element, without one inside of it; `None` if it has none.
    pub(crate) fn canonicalize(
        source: &str,
        element: usize,
        without: Option<usize>,
        algorithm: Canonicalization,
        comments: bool,
        prefixes: &[&str],
    ) -> Option<Vec<u8>> {
        initialise().ok()?;
        let _quiet = Quiet::new();
        let document = Parsed::new(source).ok()?;
        let without = match without {
            Some(place) => document.element(place)?,
            None => ptr::null_mut(),
        };
        let subtree = Subtree { apex: document.element(element)?, without };
        let mode = match algorithm {
            Canonicalization::Exclusive | Canonicalization::ExclusiveWithComments => 1,
            Canonicalization::Inclusive | Canonicalization::InclusiveWithComments => 0,
            Canonicalization::Inclusive11 | Canonicalization::Inclusive11WithComments => 2,
        };
        let names: Vec<CString> = prefixes.iter().filter_map(|prefix| CString::new(*prefix).ok()).collect();
        let mut list: Vec<*mut c_uchar> = names.iter().map(|name| name.as_ptr().cast_mut().cast()).collect();
        list.push(ptr::null_mut());
        let list = if names.is_empty() { ptr::null_mut() } else { list.as_mut_ptr() };
        let comments = c_int::from(comments && algorithm.keeps_comments());
        // SAFETY: document, node set and list outlive the call, the list ends in null; the buffer is checked for null,
        // its content is copied before it is closed.
        unsafe {
            let buffer = c::xmlAllocOutputBuffer(ptr::null_mut());
            if buffer.is_null() {
                return None;
            }
            let data = (&raw const subtree).cast_mut().cast::<c_void>();
            let done = xmlC14NExecute(document.0, Some(is_visible), data, mode, list, comments, buffer);
            let content = c::xmlOutputBufferGetContent(buffer);
            let size = c::xmlOutputBufferGetSize(buffer);
            let bytes =
                (done >= 0 && !content.is_null()).then(|| std::slice::from_raw_parts(content, size).to_vec());
            c::xmlOutputBufferClose(buffer);
            bytes
        }
    }

    struct Subtree {
        apex: *mut c::_xmlNode,
        without: *mut c::_xmlNode,
    }

    unsafe extern "C" fn is_visible(
        data: *mut c_void,
        node: *mut c::_xmlNode,
        parent: *mut c::_xmlNode,
    ) -> c_int {
        // SAFETY: `data` is the Subtree that was passed, alive during the call; libxml2 passes live nodes. Only nodes
        // that are no namespaces (which have another layout) are followed; those go by their parent.
        unsafe {
            let subtree = &*data.cast::<Subtree>();
            let own = matches!(
                (*node).type_,
                c::xmlElementType_XML_NAMESPACE_DECL | c::xmlElementType_XML_ATTRIBUTE_NODE
            );
            let mut at = if own { parent } else { node };
            while !at.is_null() {
                if at == subtree.without {
                    return 0;
                }
                if at == subtree.apex {
                    return 1;
                }
                at = (*at).parent;
            }
            0
        }
    }

    type IsVisible = unsafe extern "C" fn(*mut c_void, *mut c::_xmlNode, *mut c::_xmlNode) -> c_int;

    // SAFETY: as libxml/c14n.h declares it; it is missing from the bindings.
    unsafe extern "C" {
        fn xmlC14NExecute(
            document: *mut c::_xmlDoc,
            is_visible: Option<IsVisible>,
            data: *mut c_void,
            mode: c_int,
            prefixes: *mut *mut c_uchar,
            comments: c_int,
            buffer: c::xmlOutputBufferPtr,
        ) -> c_int;
    }
}
